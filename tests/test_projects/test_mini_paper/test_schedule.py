# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import time

import pytest


class Ended:
    """A process that ended without a record."""
    pid, sentinel = 1, os.open(os.devnull, os.O_RDONLY)

    def start(self):
        pass

    def is_alive(self):
        return False

    join = start


@pytest.fixture
def scheduler(load, tmp_path, monkeypatch):
    """One whose processes end without a record."""
    schedule = load('schedule')
    found = schedule.Scheduler(tmp_path, 'cpu', 1, None)
    found.context = type('Context', (), dict(
        Process=lambda self, target, args: Ended()))()
    monkeypatch.setattr(schedule, 'wait', lambda sentinels: None)
    return found


def test_a_failed_run_is_named_and_what_needs_it_is_not_tried(
        load, scheduler, capsys):
    rows, jobs = load('rows'), load('jobs')
    bad = jobs.Job(rows.Row('a', 'none.py', {}), 0, (), 'none-0', ())
    # The same run is a stage of another table, under another name.
    stage = jobs.Job(rows.Row('stage', 'none.py', {}), 0, (), 'none-0', ())
    after = jobs.Job(rows.Row('b', 'none.py', {}), 0, (), 'none-1',
                     (('stage', stage), ))

    scheduler.run([bad, after], lambda job: None)
    assert scheduler.failed == [bad, after]
    said = capsys.readouterr().err
    assert 'none-0 failed: no output' in said and 'none-1' not in said


def test_a_stage_without_its_checkpoint_is_done_again_where_it_is_needed(
        load, tmp_path):
    rows, jobs = load('rows'), load('jobs')
    stage, lost = (jobs.Job(rows.Row(name, 'none.py', {}), 0, (), name, ())
                   for name in ('stage', 'lost'))
    done, after, again = (
        jobs.Job(rows.Row(name, 'none.py', {}), 0, (), name, (('a', need), ))
        for name, need in (('done', lost), ('after', stage),
                           ('again', lost)))
    everything = [stage, lost, done, after, again]
    for job in (stage, lost, done):
        job.record(tmp_path).parent.mkdir(exist_ok=True)
        job.record(tmp_path).write_text('{}')
    (stage.folder(tmp_path)).mkdir()
    (stage.folder(tmp_path) / 'last_checkpoint').write_text('file')

    assert jobs.to_do(everything, tmp_path) == [lost, after, again]
    assert jobs.to_do([stage, lost, done], tmp_path) == []


def test_a_stage_that_fails_when_done_again_is_no_longer_done(
        load, scheduler, tmp_path):
    rows, jobs = load('rows'), load('jobs')
    stage = jobs.Job(rows.Row('a', 'none.py', {}), 0, (), 'none-0', ())
    after = jobs.Job(rows.Row('b', 'none.py', {}), 0, (), 'none-1',
                     (('a', stage), ))
    stage.record(tmp_path).parent.mkdir()
    stage.record(tmp_path).write_text('{}')  # but no checkpoint
    scheduler.run([stage, after], lambda job: None)
    assert scheduler.failed == [stage, after]


def test_nothing_starts_when_the_time_is_over(load, tmp_path):
    schedule, rows, jobs = load('schedule'), load('rows'), load('jobs')
    job = jobs.Job(rows.Row('a', 'none.py', {}), 0, (), 'none-0', ())
    scheduler = schedule.Scheduler(tmp_path, 'cpu', 1, time.monotonic() - 1)
    scheduler.run([job], lambda job: None)
    assert not list(tmp_path.iterdir()) and not scheduler.failed
