# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The driver, on two steps of each row of a table."""
import json
import os
import subprocess
import sys

import pytest

TABLE = 'frozen'


def drive(repo, folder, *more):
    return subprocess.run(
        [sys.executable, 'projects/mini_paper/run.py', '--table', TABLE,
         '--form', 'smallest', '--seeds', '1', '--device', 'cpu', '--data',
         str(folder / 'data'), '--work-dir', str(folder / 'work'), '--out',
         str(folder / 'out'), *more],
        cwd=repo, capture_output=True, text=True, timeout=900,
        env=dict(os.environ, OMP_NUM_THREADS='1'))


@pytest.mark.slow
def test_a_table_runs_is_interrupted_and_goes_on(repo, tmp_path):
    late = drive(repo, tmp_path, '--minutes', '0')
    assert late.returncode == 0, late.stderr
    assert '4 runs, 4 of them to do' in late.stdout
    assert not (tmp_path / 'out').exists()

    runs = tmp_path / 'work' / 'smallest_cpu' / 'runs'
    done = drive(repo, tmp_path, '--jobs', '2')
    assert done.returncode == 0, done.stdout + done.stderr
    names = ['all', 'attention frozen', 'FFN frozen']
    result = tmp_path / 'out' / f'{TABLE}_smallest_cpu.json'
    content = json.loads(result.read_text())
    assert [run['name'] for run in content['runs']] == names
    assert [run['name'] for run in content['stages']] == ['mae']
    for run in content['runs']:
        assert 0 <= run['metrics']['PCK'] <= 1
        assert run['parameters'] > 2e5 and run['samples_per_second'] > 0
        assert run['peak_memory_mib'] > 100 and run['wall_seconds'] > 0
        assert run['environment']['versions']['torch']
    log = (tmp_path / 'work' / 'smallest_cpu').glob('person-*/log.txt')
    assert all('Load checkpoint from' in path.read_text() for path in log)

    # As if it had been interrupted: one run is half done.
    files = {path: path.stat().st_mtime_ns for path in runs.glob('*.json')}
    lost = next(path for path in files if path.stem.startswith('person-'))
    lost.unlink()
    again = drive(repo, tmp_path)
    assert again.returncode == 0, again.stderr
    assert '4 runs, 1 of them to do' in again.stdout
    assert {path: path.stat().st_mtime_ns for path in files
            if path != lost} == {path: time for path, time in files.items()
                                 if path != lost}
    assert len(json.loads(result.read_text())['runs']) == 3
