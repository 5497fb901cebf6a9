# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""tools/env.sh with stand-ins for Python, pip, the compiler and the disk."""
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ENV_SH = Path(__file__).parents[2] / 'tools' / 'env.sh'
# What the script needs of a Debian system; Python and compilers are not here.
TOOLS = ('awk', 'bash', 'cat', 'df', 'dirname', 'env', 'flock', 'grep', 'head',
         'mkdir', 'mv', 'nproc', 'rm', 'sed', 'sha256sum', 'sleep', 'tail',
         'tar', 'tee', 'touch')
PYTHON_OF_3_12 = '#!/bin/sh\nexit 0\n'
PYTHON_OF_3_13 = ('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.13.0 '
                  '&& exit 0\nexit 1\n')


class Machine:
    """A folder that is the home, the project and all of PATH of a script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / 'bin'
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))

    def add(self, name: str, text: str) -> Path:
        """Put an executable on PATH, or at a path below the home folder."""
        path = (self.folder if '/' in name else self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, script: str, **env: str) -> subprocess.Popen:
        """Source env.sh as the two commands do, and go on with ``script``."""
        preamble = (f'set -euo pipefail; . {ENV_SH}; '
                    f'ROOT={self.folder} VENV={self.folder}/.venv; ')
        return subprocess.Popen(
            ['bash', '-c', preamble + script], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(PATH=str(self.bin), HOME=str(self.folder), **env))

    def run(self, script: str, **env: str) -> tuple:
        """Returns the exit code and everything that was printed."""
        process = self.start(script, **env)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_machine_without_python_is_told_how_to_get_one(machine):
    code, output = machine.run('find_python')

    assert code == 1
    assert 'no Python 3.10, 3.11 or 3.12 found' in output
    assert 'python3 is missing' in output
    assert 'apt install python3' in output


def test_wrong_python_is_named(machine):
    machine.add('python3', PYTHON_OF_3_13)

    code, output = machine.run('python=$(find_python); echo unreached')

    assert code == 1
    assert 'Python 3.13.0' in output
    assert 'unreached' not in output


def test_python_without_venv_is_told_so(machine):
    machine.add('python3.11', '#!/bin/sh\ncase $2 in *venv*) exit 1;; esac\n')

    code, output = machine.run('find_python')

    assert code == 1
    assert 'python3.11 lacks a part' in output
    assert 'apt install python3-venv' in output


def test_python_of_pyenv_is_the_last_resort(machine):
    machine.add('python3', PYTHON_OF_3_13)
    path = machine.add('.pyenv/versions/3.11.7/bin/python', PYTHON_OF_3_12)

    assert machine.run('find_python') == (0, f'{path}\n')


def test_missing_compiler_is_named(machine):
    code, output = machine.run('check_compiler')

    assert code == 1
    assert 'no C++ compiler (c++)' in output
    assert 'apt install g++' in output


def test_missing_python_headers_are_named(machine):
    machine.add('c++', '#!/bin/sh\n')
    machine.add('python', '#!/bin/sh\ncase $2 in *Python.h*) exit 1;; esac\n'
                'echo Python 3.12.1\n')

    code, output = machine.run('check_compiler')

    assert code == 1
    assert 'headers of Python 3.12' in output
    assert 'apt install python3-dev' in output


def test_wheel_of_the_cache_needs_no_compiler(machine):
    wheel = machine.folder / 'cache/wheels/tag/mmcv-2.1.0-cp312-linux.whl'
    wheel.parent.mkdir(parents=True)
    wheel.touch()

    code, output = machine.run(
        f'CACHE={machine.folder}/cache; build_wheel mmcv 2.1.0 tag')

    assert (code, output) == (0, '')


def test_full_disk_is_found_before_anything_is_made(machine):
    machine.add('python3.12', PYTHON_OF_3_12)
    machine.add('df', '#!/bin/sh\necho head\necho /dev/x 9 8 1048576 9% /\n')

    code, output = machine.run('make_venv')

    assert code == 1
    assert 'almost full: 1 GB free' in output
    assert not (machine.folder / '.venv').exists()


@pytest.mark.parametrize('printed, sentence', [
    ('OSError: [Errno 28] No space left on device', 'the disk is full'),
    ('NewConnectionError: Temporary failure in name resolution', 'no network'),
    ('c++: fatal error: Killed signal terminated program cc1plus',
     'ran out of memory'),
    ('Stopped: no C++ compiler', 'Stopped: no C++ compiler'),
    ('ERROR: something new', 'ERROR: something new')])
def test_failed_step_ends_in_a_plain_sentence(machine, printed, sentence):
    code, output = machine.run(
        f'work() {{ echo "{printed}"; false; echo unreached; }}\n'
        'step demo "Doing it" key work; echo unreached')

    assert code == 1
    assert sentence in output
    assert 'unreached' not in output
    assert printed in (machine.folder / '.venv/logs/demo.log').read_text()


def test_step_is_skipped_until_its_key_changes(machine):
    script = 'work() { echo x >>"$ROOT/runs"; }; step demo Title "$KEY" work'
    for key in ('1', '1', '2'):
        assert machine.run(script, KEY=key)[0] == 0

    assert (machine.folder / 'runs').read_text() == 'x\nx\n'


def test_failed_step_runs_again_even_after_a_success(machine):
    script = 'work() { echo x >>"$ROOT/runs"; $DO; }; step a Title "$KEY" work'
    for key, do in (('1', 'true'), ('2', 'false'), ('1', 'true')):
        machine.run(script, KEY=key, DO=do)

    assert (machine.folder / 'runs').read_text() == 'x\n' * 3


def test_progress_shows_large_downloads_and_every_tenth_file(machine):
    lines = (r'Downloading torch-2.whl (530.6 MB)\n'
             r'Downloading rich.whl (0.3 MB)\n'
             r'  [9/77] c++ a.cpp\n  [10/77] c++ b.cpp\n')

    code, output = machine.run(f"printf '{lines}' | progress")

    assert code == 0
    assert [line.strip() for line in output.splitlines()] == [
        'Downloading torch-2.whl (530.6 MB)', 'compiled 10 of 77 files']


def standing_venv(machine: Machine) -> Path:
    venv = machine.folder / '.venv'
    machine.add('.venv/bin/python', PYTHON_OF_3_12)
    machine.add('.venv/bin/pip', f'#!{venv}/bin/python\n')
    (venv / 'stamps').mkdir()
    (venv / 'stamps/runtime').touch()
    return venv


def test_standing_environment_is_kept(machine):
    standing_venv(machine)

    assert machine.run('venv_stands')[0] == 0


@pytest.mark.parametrize('harm', [
    'rm "$VENV/bin/python"',
    'rm "$VENV/stamps/runtime"',
    'echo "#!/elsewhere/.venv/bin/python" >"$VENV/bin/pip"'])
def test_half_made_or_moved_environment_is_made_again(machine, harm):
    venv = standing_venv(machine)
    (venv / 'old').touch()
    machine.add('python3.12', '#!/bin/sh\ncase "$*" in *"-m venv"*) '
                'mkdir "$3"; touch "$3/new";; esac\n')

    code, output = machine.run(
        f'NEEDED_GB=0; {harm}; venv_stands || make_venv')

    assert code == 0
    assert 'half-made or was moved; making it again' in output
    assert [path.name for path in venv.iterdir()] == ['new']


def test_second_run_waits_for_the_first(machine):
    first = machine.start('lock "$ROOT"; touch "$ROOT/held"; sleep 1; '
                          'touch "$ROOT/released"; unlock')
    while not (machine.folder / 'held').exists():
        time.sleep(0.01)

    code, output = machine.run('lock "$ROOT"; cat "$ROOT/released"')

    assert code == first.wait() == 0
    assert 'waiting for it to finish' in output
    first.stdout.close()


@pytest.mark.parametrize('given, sentence', [
    ('active', 'no environment is active'),
    ('/no/such/folder', 'holds no bin/python'),
    ('old', 'has Python 3.13.0')])
def test_unusable_given_environment_is_refused(machine, given, sentence):
    if given == 'old':
        given = str(machine.add('old/bin/python', PYTHON_OF_3_13).parents[1])

    code, output = machine.run('prepare_environment runtime',
                               VITPOSE_MM_ENV=given)

    assert code == 1
    assert sentence in output


@pytest.mark.parametrize('healthy', [True, False])
def test_given_environment_only_gets_the_project(machine, healthy):
    python = machine.add('given/bin/python',
                         '#!/bin/sh\necho "$*" >>"$HOME/calls"\n')
    machine.add('given/bin/vitpose-mm', '#!/bin/sh\necho cure of it\n'
                f'exit {int(not healthy)}\n')

    code, output = machine.run('prepare_environment tests; echo reached',
                               VITPOSE_MM_ENV=str(python.parents[1]))

    calls = (machine.folder / 'calls').read_text().splitlines()
    installs = [call for call in calls if 'install' in call]
    assert len(installs) == 1
    assert installs[0].endswith(
        f'--no-deps --no-build-isolation -e {machine.folder}')
    assert code == int(not healthy)
    assert ('reached' in output) == healthy
    assert ('cure of it' in output) == (not healthy)
