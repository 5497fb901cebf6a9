# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""tools/env.sh with stand-ins for Python, pip, uv and the disk."""
import shutil
import subprocess
import time
from pathlib import Path
from typing import List, Tuple

import pytest

ENV_SH = Path(__file__).parents[2] / 'tools' / 'env.sh'
# What the script needs of a Debian system, and the stand-ins below.
TOOLS = ('awk', 'bash', 'cat', 'cp', 'df', 'dirname', 'find', 'flock', 'grep',
         'mkdir', 'rm', 'sed', 'sha256sum', 'sleep', 'sort', 'tail', 'tee',
         'touch')
PYTHON_OF_3_9 = ('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 '
                 '&& exit 0\nexit 1\n')
# The others write down their calls; those with $FAIL in them fail. What one
# makes or installs is a copy of a stand-in.
RECORD = ('#!/bin/sh\ncall="${0##*/} $*"; echo "$call" >>"$HOME/calls"\n'
          'case $call in *"${FAIL:-nothing}"*) exit 1;; esac\n')
PYTHON = RECORD + ('case $2 in\n'
                   'venv) mkdir -p "$4/bin"; cp "$0" "$4/bin/python";;\n'
                   'ensurepip) cp "$HOME/pip" "${0%/*}";;\n'
                   'pip) [ "$3" != --python ] || cp "$HOME/pip" "${4%/*}";;\n'
                   'esac\n')
PIP = RECORD + ('[ "$1" != config ] || exec cat "$HOME/pip.list"\n'
                'cp "$HOME/uv" "${0%/*}"\n')
UV = RECORD + ('[ "$1" != venv ] || { mkdir -p "$4/bin" &&'
               ' cp "$HOME/bin/python3.12" "$4/bin/python"; }\n'
               'echo "$UV_DEFAULT_INDEX|$UV_INDEX|$UV_INDEX_STRATEGY|'
               '$UV_FIND_LINKS" >>"$HOME/sources"\n')


class Machine:
    """A folder that is the home, the project and all of PATH of a script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / 'bin'
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        for file in ('requirements/pinned.txt', 'setup.py',
                     'vitpose_mm/version.py', 'projects/openmmlab_lite/a.py'):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text('uv==1.2.3\n')

    def add(self, name: str, text: str) -> Path:
        """Put an executable on PATH, or at a path below the home folder."""
        path = self.folder / name if '/' in name else self.bin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, script: str, **env: str) -> subprocess.Popen:
        """Source env.sh as the two commands do, and go on with ``script``."""
        preamble = (f'set -euo pipefail; . {ENV_SH}; NEEDED_GB=0; '
                    f'ROOT={self.folder} VENV={self.folder}/.venv; ')
        return subprocess.Popen(
            ['bash', '-c', preamble + script], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(PATH=str(self.bin), HOME=str(self.folder)) | env)

    def run(self, script: str, **env: str) -> Tuple[int, str]:
        """Returns the exit code and everything that was printed."""
        process = self.start(script, **env)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output

    def calls(self) -> List[str]:
        """What the stand-ins were asked since the last time, save checks."""
        file = self.folder / 'calls'
        calls = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [call.replace(str(self.folder), '~') for call in calls
                if ' -c ' not in call and '--version' not in call]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_machine_without_python_is_told_how_to_get_one(machine):
    code, output = machine.run('find_python')

    assert code == 1
    assert 'no Python 3.10' in output
    assert 'python3 is missing' in output
    assert 'apt install python3-venv' in output


def test_wrong_python_is_named(machine):
    machine.add('python3', PYTHON_OF_3_9)

    code, output = machine.run('python=$(find_python); echo unreached')

    assert code == 1
    assert 'Python 3.9.2' in output
    assert 'unreached' not in output


def test_installed_uv_brings_the_python_that_is_missing(machine):
    machine.add('python3', PYTHON_OF_3_9)
    machine.add('uv', UV)

    assert machine.run('find_python') == (0, '3.12\n')


@pytest.mark.parametrize('missing', ['lzma', 'ensurepip|import pip'])
def test_python_that_is_not_whole_is_told_so(machine, missing):
    machine.add('python3.11', '#!/bin/bash\n'
                f'[[ ! $2 =~ ({missing}) ]]\n')

    code, output = machine.run('find_python')

    assert code == 1
    assert 'python3.11 lacks a part' in output
    assert 'apt install python3-venv' in output


def test_python_of_pyenv_is_the_last_resort(machine):
    machine.add('python3', PYTHON_OF_3_9)
    path = machine.add('.pyenv/versions/3.11.7/bin/python', PYTHON)

    assert machine.run('find_python') == (0, f'{path}\n')


def test_full_disk_is_found_before_anything_is_made(machine):
    machine.add('python3.12', PYTHON)
    machine.add('df', '#!/bin/sh\necho head\necho /dev/x 9 8 1048576 9% /\n')

    code, output = machine.run('NEEDED_GB=6; install_venv')

    assert code == 1
    assert 'almost full: 1 GB free' in output
    assert not (machine.folder / '.venv').exists()


@pytest.mark.parametrize('printed, sentence', [
    ('OSError: [Errno 28] No space left on device', 'the disk is full'),
    ('NewConnectionError: Temporary failure in name resolution', 'no network'),
    ('cause: error sending request for url (x)', 'no network'),
    ('ERROR: something new', 'ERROR: something new')])
def test_failed_step_ends_in_a_plain_sentence(machine, printed, sentence):
    code, output = machine.run(
        f'work() {{ echo "{printed}"; false; echo unreached; }}\n'
        'step work; echo unreached')

    assert code == 1
    assert sentence in output
    assert 'unreached' not in output
    log = machine.folder / 'work_dirs/environment.log'
    assert printed in log.read_text()
    assert str(log) in output


def test_step_shows_large_downloads_alone(machine):
    lines = r'Downloading torch (506.1MiB)\nDownloading scipy (33.7MiB)\n'

    code, output = machine.run(f"step printf '{lines}'")

    assert code == 0
    assert output.split('\n') == ['      Downloading torch (506.1MiB)', '']


def test_installed_uv_makes_the_environment(machine):
    machine.add('python3.12', PYTHON)
    machine.add('uv', UV)

    code, output = machine.run('install_venv; type -p python')

    assert code == 0
    assert output.endswith(f'{machine.folder}/.venv/bin/python\n')
    venv, pins, ours = machine.calls()
    assert venv == 'uv venv --python python3.12 ~/.venv'
    assert pins == ('uv pip install --python ~/.venv --no-deps --no-build '
                    '-r ~/requirements/pinned.txt')
    assert ours.startswith('uv pip install --python ~/.venv --no-deps ')
    assert ours.endswith(' --reinstall -e ~ ~/projects/openmmlab_lite/mmcv_ops'
                         ' ~/projects/openmmlab_lite/xtcocotools')
    assert '.venv' not in output.replace('.venv/bin/python', '')


@pytest.mark.parametrize('without, pip_from', [
    ('nothing', 'python -m ensurepip --default-pip'),
    ('ensurepip', 'python3.12 -m pip --python ~/.venv/bin/python install pip')
])
def test_pip_brings_the_pinned_uv(machine, without, pip_from):
    machine.add('python3.12', PYTHON)
    for name, text in (('pip', PIP), ('uv', UV)):
        machine.add(f'{machine.folder}/{name}', text)
    (machine.folder / 'pip.list').write_text('')

    code, output = machine.run('install_venv', FAIL=f'-m {without}')

    calls = machine.calls()
    assert code == 0, output
    assert calls[0] == 'python3.12 -m venv --without-pip ~/.venv'
    assert pip_from in calls
    assert 'pip install uv==1.2.3' in calls
    assert [call[:14] for call in calls[-2:]] == ['uv pip install'] * 2


@pytest.mark.parametrize('own, expected', [
    ('', 'https://mirror/a=b|https://x https://y|unsafe-best-match|/a,/b'),
    ('https://own', 'https://own|https://x https://y|unsafe-best-match|/a,/b')
])
def test_uv_of_pip_searches_where_pip_does(machine, own, expected):
    machine.add('python3.12', PYTHON)
    for name, text in (('pip', PIP), ('uv', UV)):
        machine.add(f'{machine.folder}/{name}', text)
    (machine.folder / 'pip.list').write_text(
        ":env:.disable-pip-version-check='1'\n"
        "global.extra-index-url='https://x\\nhttps://y'\n"
        "global.find-links='/a /b'\n"
        "user.index-url='https://mirror/a=b'\n")

    assert machine.run('install_venv', UV_DEFAULT_INDEX=own)[0] == 0

    sources = (machine.folder / 'sources').read_text().splitlines()
    assert sources[-2:] == [expected] * 2


@pytest.fixture
def standing(machine):
    """A machine whose .venv is finished."""
    machine.add('python3.12', PYTHON)
    machine.add('uv', UV)
    assert machine.run('install_venv')[0] == 0
    machine.calls()
    return machine


def test_finished_environment_is_kept(standing):
    assert standing.run('install_venv') == (0, '')
    assert standing.calls() == []


@pytest.mark.parametrize('changed', ['requirements/pinned.txt', 'setup.py',
                                     'projects/openmmlab_lite/a.py'])
def test_changed_pins_are_installed_into_it(standing, changed):
    (standing.folder / changed).write_text('uv==1.2.4\n')
    (standing.folder / '.venv/mine').touch()

    assert standing.run('install_venv')[0] == 0

    assert [call.split()[1] for call in standing.calls()] == ['pip', 'pip']
    assert (standing.folder / '.venv/mine').exists()


@pytest.mark.parametrize('harm', ['interrupted', 'moved', 'python is gone'])
def test_half_made_or_moved_environment_is_made_again(standing, harm):
    venv = standing.folder / '.venv'
    (venv / 'old').touch()
    if harm == 'interrupted':
        (standing.folder / 'setup.py').write_text('new')
        code, output = standing.run('install_venv', FAIL='pip install')
        assert (code, 'the step above failed' in output) == (1, True)
    elif harm == 'moved':
        stamp = venv / 'vitpose_mm.stamp'
        stamp.write_text('/elsewhere' + stamp.read_text())
    else:
        (venv / 'bin/python').unlink()
    standing.calls()

    # Active, its Python is found first, and goes with it.
    code, output = standing.run('install_venv', PATH=f'{venv}/bin:'
                                f'{standing.bin}')

    assert code == 0, output
    assert [call.split()[1] for call in standing.calls()] == [
        'venv', 'pip', 'pip']
    assert not (venv / 'old').exists()


def test_second_run_waits_for_the_first(machine):
    first = machine.start('lock "$ROOT"; touch "$ROOT/held"; sleep 1; '
                          'touch "$ROOT/released"; unlock')
    for _ in range(3000):  # half a minute
        if (machine.folder / 'held').exists():
            break
        time.sleep(0.01)

    code, output = machine.run('lock "$ROOT"; cat "$ROOT/released"')

    assert code == first.wait(timeout=30) == 0
    assert 'waiting for it to finish' in output
    first.stdout.close()


@pytest.mark.parametrize('given, sentence', [
    ('active', 'no environment is active'),
    ('/no/such/folder', 'holds no bin/python'),
    ('old', 'has Python 3.9.2')])
def test_unusable_given_environment_is_refused(machine, given, sentence):
    if given == 'old':
        given = str(machine.add('old/bin/python', PYTHON_OF_3_9).parents[1])

    code, output = machine.run('prepare_environment', VITPOSE_MM_ENV=given)

    assert code == 1
    assert sentence in output


@pytest.mark.parametrize('healthy', [True, False])
def test_given_environment_only_gets_the_project(machine, healthy):
    python = machine.add('given/bin/python', PYTHON)
    machine.add('given/bin/vitpose-mm', '#!/bin/sh\necho cure of it\n'
                f'exit {int(not healthy)}\n')

    code, output = machine.run('prepare_environment; echo reached',
                               VITPOSE_MM_ENV=str(python.parents[1]))

    installs = [call for call in machine.calls() if 'install' in call]
    assert len(installs) == 1
    assert installs[0].endswith('--no-deps --no-build-isolation -e ~')
    assert code == int(not healthy)
    assert ('reached' in output) == healthy
    assert ('cure of it' in output) == (not healthy)
