# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The script for CUDA machines runs all of its rows, in small, anywhere."""
import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_rehearsal_measures_every_row(repo, tmp_path):
    out = tmp_path / 'rehearsal.json'
    done = subprocess.run(
        [sys.executable, 'projects/benchmark/on_cuda.py', '--rehearse',
         '--no-compile', '--workers', '0', '--out', str(out)],
        cwd=repo, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    result = json.loads(out.read_text())
    assert not result['not_measured']
    assert {row['job'] for row in result['rows']} == set(result['seconds'])
    assert {row['work'] for row in result['rows']} == {
        'decode', 'encode', 'network', 'train', 'eval', 'load', 'forward',
        'step', 'growth', 'bottom-up'}


@pytest.mark.slow
def test_rows_after_the_time_are_named_not_guessed(repo, tmp_path):
    out = tmp_path / 'rehearsal.json'
    done = subprocess.run(
        [sys.executable, 'projects/benchmark/on_cuda.py', '--rehearse',
         '--minutes', '-1', '--out', str(out)],
        cwd=repo, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 1
    assert 'codec 17 after -1 minutes' in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize('pattern, jobs', [('codec 1?', ['codec 17']),
                                           ('nothing', None)])
def test_jobs_are_chosen_by_their_names(repo, tmp_path, pattern, jobs):
    out = tmp_path / 'rehearsal.json'
    done = subprocess.run(
        [sys.executable, 'projects/benchmark/on_cuda.py', '--rehearse',
         '--job', pattern, '--out', str(out)],
        cwd=repo, capture_output=True, text=True, timeout=600)
    if jobs is None:
        assert done.returncode == 2 and 'no job fits nothing' in done.stderr
    else:
        assert done.returncode == 0, done.stderr[-2000:]
        assert list(json.loads(out.read_text())['seconds']) == jobs
