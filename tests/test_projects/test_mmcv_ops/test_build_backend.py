# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Built and installed for throwaway environments with a made-up MMCV."""
import os
import subprocess
import sys
import sysconfig
import venv
from importlib.machinery import (EXTENSION_SUFFIXES, ExtensionFileLoader,
                                 PathFinder)
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Set

import pytest


class Environment:
    """A Python of its own that has setuptools, and an MMCV if named."""

    def __init__(self, folder: Path, mmcv: str = 'mmcv-lite',
                 compiled: bool = False) -> None:
        venv.create(folder, with_pip=False)
        self.python = folder / 'bin' / 'python'
        self.packages = Path(
            self.run('-c', 'import sysconfig as s; print(s.get_path("purelib"'
                     '))').stdout.strip())
        site = Path(sysconfig.get_path('purelib'))
        for pattern in ('setuptools', 'setuptools-*.dist-info',
                        '_distutils_hack',
                        'wheel', 'wheel-*.dist-info'):
            for found in site.glob(pattern):
                (self.packages / found.name).symlink_to(found)
        package = self.packages / 'mmcv'
        package.mkdir()
        (package / '__init__.py').touch()
        if compiled:
            (package / f'_ext{EXTENSION_SUFFIXES[0]}').touch()
        info = self.packages / f'{mmcv.replace("-", "_")}-2.1.0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {mmcv}\nVersion: 2.1.0\n')

    def run(self, *arguments: object,
            **options: object) -> subprocess.CompletedProcess:
        return subprocess.run([self.python, *arguments],
                              capture_output=True, text=True, timeout=120,
                              **options)

    def build(self, source: Path, hook: str,
              isolated: bool = False) -> subprocess.CompletedProcess:
        """Call a hook as pip does, in the folder of the sources."""
        code = f'import build_backend; build_backend.{hook}(".")'
        environment = dict(os.environ, PYTHONPATH='.')
        if isolated:
            # pip leaves out the environment's packages, but for the build's.
            site = sysconfig.get_path('purelib')
            code = ('import sys; sys.path[:] = [p for p in sys.path if p != '
                    f'{str(self.packages)!r}] + [{site!r}]; ' + code)
        return self.run('-c', code, cwd=source, env=environment)

    def pip(self, *arguments: object) -> None:
        done = subprocess.run(
            [sys.executable, '-m', 'pip', '--python', self.python, '-q',
             *arguments],
            capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def files(self) -> Set[str]:
        return {
            str(path.relative_to(self.packages))
            for path in self.packages.rglob('*') if path.is_file()
        }


@pytest.fixture
def source(lite: Path, tmp_path: Path) -> Path:
    """Copy of the distribution: setuptools builds beside the sources."""
    return copytree(lite / 'mmcv_ops', tmp_path / 'source',
                    ignore=ignore_patterns('build', '*.egg-info'))


@pytest.mark.slow
def test_uninstalling_leaves_mmcv_lite_as_it_was(source, tmp_path):
    environment = Environment(tmp_path / 'env')
    before = environment.files()

    done = environment.build(source, 'build_wheel')
    assert done.returncode == 0, done.stderr
    wheel, = source.glob('*.whl')
    environment.pip('install', '--no-deps', '--no-index', wheel)
    added = environment.files() - before
    assert {'mmcv/_ext.py', 'mmcv_lite_ops/nms.py'} <= added
    assert not [name for name in added if name.startswith('mmcv/')
                and '_ext' not in name]

    environment.pip('uninstall', '-y', 'mmcv-lite-ops')
    assert environment.files() == before


@pytest.mark.parametrize('mmcv, compiled', [('mmcv', True), ('mmcv', False),
                                            ('mmcv-lite', True)])
@pytest.mark.parametrize('hook', ['prepare_metadata_for_build_wheel',
                                  'build_wheel'])
def test_build_refuses_to_cover_another_mmcv(source, tmp_path, hook, mmcv,
                                             compiled):
    environment = Environment(tmp_path / 'env', mmcv, compiled)

    done = environment.build(source, hook)

    assert done.returncode == 1
    message, = done.stderr.splitlines()
    assert str(environment.packages / 'mmcv') in message
    assert ('compiled' in message) == compiled
    assert not list(source.glob('*.whl'))


def test_build_isolation_hides_no_compiled_mmcv(source, tmp_path):
    environment = Environment(tmp_path / 'env', 'mmcv', compiled=True)

    done = environment.build(source, 'build_wheel', isolated=True)

    assert done.returncode == 1
    assert str(environment.packages / 'mmcv') in done.stderr


def test_installation_in_place_is_refused(source, tmp_path):
    done = Environment(tmp_path / 'env').build(source, 'build_editable')

    assert done.returncode == 1
    assert 'leave out --editable' in done.stderr


def test_python_prefers_a_compiled_extension(lite, tmp_path):
    """As when `pip install mmcv` comes later."""
    stand_in = lite / 'mmcv_ops' / 'src' / 'mmcv' / '_ext.py'
    compiled = tmp_path / f'_ext{EXTENSION_SUFFIXES[0]}'
    (tmp_path / stand_in.name).write_bytes(stand_in.read_bytes())
    compiled.touch()

    found = PathFinder.find_spec('mmcv._ext', [str(tmp_path)])

    assert isinstance(found.loader, ExtensionFileLoader)
    assert found.origin == str(compiled)
