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
def test_a_table_goes_on_where_it_was_left(repo, tmp_path):
    work = tmp_path / 'work' / 'smallest_cpu'
    first = drive(repo, tmp_path, '--row', 'all')
    assert first.returncode == 0, first.stdout + first.stderr
    assert '2 runs, 2 of them to do' in first.stdout
    # What an interruption would leave of another run.
    files = {path: path.stat().st_mtime_ns
             for path in (work / 'runs').glob('*.json')}
    assert len(files) == 2

    done = drive(repo, tmp_path, '--jobs', '2')
    assert done.returncode == 0, done.stdout + done.stderr
    assert '4 runs, 2 of them to do' in done.stdout
    assert all(path.stat().st_mtime_ns == time
               for path, time in files.items())
    result = tmp_path / 'out' / f'{TABLE}_smallest_cpu.json'
    content = json.loads(result.read_text())
    assert [run['name'] for run in content['runs']] == [
        'all', 'attention frozen', 'FFN frozen']
    assert [run['name'] for run in content['stages']] == ['mae']
    for run in content['runs']:
        assert 0 <= run['metrics']['PCK'] <= 1
        assert run['parameters'] > 2e5 and run['samples_per_second'] > 0
        assert run['peak_memory_mib'] > 100 and run['wall_seconds'] > 0
        assert run['environment']['versions']['torch']
    logs = [path.read_text() for path in work.glob('person-*/log.txt')]
    assert len(logs) == 3
    assert all('Load checkpoint from' in log for log in logs)
