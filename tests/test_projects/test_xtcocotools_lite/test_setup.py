# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Built for environments with and without the compiled xtcocotools."""
import importlib.util
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from shutil import copytree

import pytest

BUILD = ('import sys; sys.path[:0] = [sys.argv[1], "."]; '
         'from setuptools import build_meta; build_meta.build_wheel(".")')


def build(sources: Path, environment: Path,
          tmp_path: Path) -> subprocess.CompletedProcess:
    """As pip does: the Python of the environment, setuptools from outside."""
    work = copytree(sources, tmp_path / 'work')
    return subprocess.run(
        [environment / 'bin' / 'python', '-c', BUILD,
         sysconfig.get_path('purelib')],
        cwd=work, capture_output=True, text=True, timeout=120)


@pytest.fixture
def environment(tmp_path):
    folder = tmp_path / 'environment'
    venv.create(folder, with_pip=False)
    return folder


def test_a_wheel_holds_the_package_alone(lite_folder, environment, tmp_path):
    done = build(lite_folder / 'xtcocotools', environment, tmp_path)
    assert not done.returncode, done.stderr
    wheel, = (tmp_path / 'work').glob('*.whl')
    names = zipfile.ZipFile(wheel).namelist()
    sources = (lite_folder / 'xtcocotools' / 'xtcocotools').glob('*.py')
    assert {name for name in names if '.dist-info/' not in name} == {
        f'xtcocotools/{source.name}' for source in sources}


def test_it_refuses_beside_the_compiled_one(lite_folder, environment,
                                            tmp_path):
    packages = environment / 'lib' / \
        f'python{sys.version_info[0]}.{sys.version_info[1]}' / 'site-packages'
    info = packages / 'xtcocotools-1.14.3.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(
        'Metadata-Version: 2.1\nName: xtcocotools\nVersion: 1.14.3\n')
    done = build(lite_folder / 'xtcocotools', environment, tmp_path)
    assert done.returncode
    assert done.stderr.startswith('xtcocotools 1.14.3 is installed here')
    assert len(done.stderr.splitlines()) == 1


def test_import_refuses_where_it_covers_the_compiled_one(
        lite_folder, tmp_path):
    package = copytree(lite_folder / 'xtcocotools' / 'xtcocotools',
                       tmp_path / 'xtcocotools')
    (package / '_mask.cpython-312-x86_64-linux-gnu.so').touch()
    spec = importlib.util.spec_from_file_location(
        'covered', package / '__init__.py')
    with pytest.raises(ImportError, match='pip uninstall xtcocotools-lite'):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
