# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest

from vitpose_tools.own_data.labels import OwnDataError
from vitpose_tools.own_data.stages import (Stages, cause, digests, once,
                                           run_python)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text('a = 1')
    return path


def test_what_is_done_is_not_done_again(tmp_path, config):
    done = []
    for _ in range(2):
        stages = Stages(tmp_path, [config])
        stages.run('train', lambda: done.append('train'))
    stages.run('test', lambda: done.append('test'))

    assert done == ['train', 'test']
    seconds = json.loads((tmp_path / 'stages.json').read_text())
    assert set(seconds) == {'train', 'test'}


def test_what_failed_is_done_again(tmp_path, config):
    stages = Stages(tmp_path, [config])
    with pytest.raises(ZeroDivisionError):
        stages.run('train', lambda: 1 / 0)

    assert not Stages(tmp_path, [config]).seconds


def test_a_changed_config_is_another_run(tmp_path, config):
    Stages(tmp_path, [config]).run('train', lambda: None)
    config.write_text('a = 2')

    with pytest.raises(OwnDataError, match='config.py of .* changed.*--fresh'):
        Stages(tmp_path, [config])


def test_it_may_change_before_anything_is_done(tmp_path, config):
    Stages(tmp_path, [config])
    config.write_text('a = 2')

    Stages(tmp_path, [config]).run('train', lambda: None)


def test_output_goes_to_the_log_and_epochs_are_counted(tmp_path):
    (tmp_path / 'loud.py').write_text(
        'for i in range(3): print(f"Epoch(train)   [{i}][1/5] loss")')
    seen = []
    run_python([str(tmp_path / 'loud.py')], tmp_path / 'log',
               seen.append)

    assert seen == [0, 1, 2]
    assert (tmp_path / 'log').read_text().count('loss') == 3


def test_failure_names_the_cause_and_the_log(tmp_path):
    (tmp_path / 'bad.py').write_text(
        'raise ValueError("the file x.json\\nhas no keypoints")')

    with pytest.raises(OwnDataError) as caught:
        run_python([str(tmp_path / 'bad.py')], tmp_path / 'log')

    assert 'ValueError: the file x.json\nhas no keypoints' in str(caught.value)
    assert str(tmp_path / 'log') in str(caught.value)


@pytest.mark.parametrize('lines, text', [
    ([], 'killed'), (['Epoch(train) [1]'], 'killed'),
    (['Traceback', 'a.b.DataError: no', 'Traceback (most recent',
      'subprocess.CalledProcessError: Command'], 'a.b.DataError: no'),
])
def test_cause_is_the_error_before_that_of_mim(lines, text):
    assert text in cause(lines)
    assert 'CalledProcess' not in cause(lines)


def test_the_same_work_is_done_once(tmp_path):
    done, note = [], tmp_path / 'note.json'
    (tmp_path / 'a').write_text('a')

    def run():
        return once(note, digests([tmp_path / 'a']), lambda: done.append(1))

    assert run() and not run() and len(done) == 1
    (tmp_path / 'a').write_text('b')
    assert run() and len(done) == 2

    (tmp_path / 'a').write_text('c')
    with pytest.raises(ZeroDivisionError):
        once(note, digests([tmp_path / 'a']), lambda: 1 / 0)
    assert run()
