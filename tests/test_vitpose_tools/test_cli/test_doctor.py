# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mmengine.runner import CheckpointLoader

from vitpose_tools.cli import doctor as cli
from vitpose_tools.cli import main
from vitpose_tools.doctor import CHECKS, Result, openmmlab, pytorch, system

ROOT = Path(__file__).parents[2]


def run_doctor(*args: str,
               python_path: str = '') -> subprocess.CompletedProcess:
    """Run the command in a process of its own, as its console script does."""
    script = ('import sys; sys.argv[0] = "vitpose-mm"\n'
              'from vitpose_tools.cli import main\nmain()')
    paths = [python_path, str(ROOT)] if python_path else [str(ROOT)]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(paths))
    env.pop('VITPOSE_DATA', None)
    return subprocess.run([sys.executable, '-c', script, 'doctor', *args],
                          capture_output=True, text=True, env=env,
                          timeout=300)


def break_module(monkeypatch, folder: Path, name: str, statement: str) -> None:
    """Put a package that executes ``statement`` before the installed one."""
    package = folder / name
    package.mkdir()
    (package / '__init__.py').write_text(statement)
    monkeypatch.syspath_prepend(str(folder))
    for loaded in list(sys.modules):
        if loaded.split('.')[0] == name:
            monkeypatch.delitem(sys.modules, loaded)


def test_passes_where_this_suite_runs():
    result = run_doctor('--json')

    report = json.loads(result.stdout)
    faults = [check for check in report['checks'] if check['status'] == 'fail']
    assert (result.returncode, faults) == (0, []), result.stderr
    assert report['ok']
    assert report['versions']['python'].startswith('3.')
    assert report['devices'][0].startswith('CPU')


def test_reports_every_check_where_torch_is_broken_and_mmcv_missing(tmp_path):
    broken = dict(
        torch="raise OSError('libcudart.so.13: cannot open shared object')",
        mmcv="raise ModuleNotFoundError('no', name='mmcv')")
    for name, statement in broken.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / '__init__.py').write_text(statement)

    result = run_doctor('--json', python_path=str(tmp_path))

    checks = {c['name']: c for c in json.loads(result.stdout)['checks']}
    assert result.returncode == 1
    assert len(checks) == len(CHECKS)
    assert 'libcudart.so.13' in checks['torch']['detail']
    assert 'torch==2.11.0' in checks['torch']['cure']
    assert checks['mmcv']['detail'] == 'mmcv is not installed'
    assert 'mmcv-lite==2.1.0' in checks['mmcv']['cure']
    assert checks['numpy']['status'] == checks['setuptools']['status'] == 'ok'


@pytest.mark.parametrize('check, module, statement, found, cure', [
    (openmmlab.check_opencv, 'cv2',
     "raise ImportError('libGL.so.1: cannot open shared object file')",
     'libGL.so.1', 'opencv-python-headless'),
    (openmmlab.check_xtcocotools, 'xtcocotools',
     "raise ValueError('numpy.dtype size changed')",
     'numpy.dtype size changed', 'projects/openmmlab_lite/xtcocotools'),
    (openmmlab.check_mmdet, 'mmdet',
     "raise AssertionError('MMCV==2.2.0 is used but incompatible.')",
     'MMCV==2.2.0', 'mmcv-lite==2.1.0'),
    (openmmlab.check_mmcv, 'mmcv', 'import mmcv._ext',
     'mmcv._ext is not installed', 'projects/openmmlab_lite/mmcv_ops'),
    (openmmlab.check_mmdet, 'mmdet', 'import nowhere_to_be_found',
     'nowhere_to_be_found is not installed', 'nowhere_to_be_found'),
    (openmmlab.check_openmim, 'mim', "raise ImportError('no commands')",
     'no commands', 'openmim'),
    (pytorch.check_torchvision, 'torchvision',
     "raise RuntimeError('operator torchvision::nms does not exist')",
     'torchvision::nms', 'torchvision==0.26.0'),
    (system.check_setuptools, 'pkg_resources',
     "raise ModuleNotFoundError('No module named pkg_resources')",
     'pkg_resources', 'setuptools>=68,<82'),
])
def test_known_incompatibility_fails_with_its_cure(
        monkeypatch, tmp_path, check, module, statement, found, cure):
    break_module(monkeypatch, tmp_path, module, statement)

    result = check()

    assert result.status == 'fail'
    assert found in result.detail
    assert cure in result.cure


def test_missing_distutils_fails(monkeypatch):
    monkeypatch.setitem(sys.modules, 'distutils.errors', None)

    assert 'distutils' in system.check_setuptools().detail


@pytest.mark.parametrize('needed, status', [
    ('torch==2.4.1', 'ok'), ('torch (==2.3.0)', 'warn'),
    ('torch>=2.4', 'ok'), ('torch>=2.5', 'warn')])
def test_torchvision_of_another_torch_is_a_warning(monkeypatch, needed,
                                                   status):
    monkeypatch.setattr('torch.__version__', '2.4.1+cu130')
    monkeypatch.setattr(pytorch.metadata, 'requires',
                        lambda _: ['numpy', needed])

    result = pytorch.check_torchvision()

    assert result.status == status
    if status == 'warn':
        assert needed[-4:-1] in result.detail


def test_torch_without_numpy_fails(monkeypatch):

    def refuse(_):
        raise RuntimeError('Numpy is not available')

    monkeypatch.setattr(torch, 'from_numpy', refuse)

    assert 'Numpy is not available' in pytorch.check_numpy().detail


def test_old_torch_fails(monkeypatch):
    monkeypatch.setattr('torch.__version__', '2.0.1')

    assert pytorch.check_torch().status == 'fail'


def test_visible_but_unusable_cuda_device_fails(monkeypatch):

    def refuse(*_, device):
        raise RuntimeError(f'no kernel image for {device}')

    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 1)
    monkeypatch.setattr(torch, 'ones', refuse)

    result = pytorch.check_cuda()

    assert result.status == 'fail'
    assert 'no kernel image for cuda:0' in result.detail
    assert 'CUDA_VISIBLE_DEVICES=' in result.cure


def test_driver_that_torch_cannot_use_is_a_warning(monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr(pytorch.shutil, 'which', lambda _: '/bin/nvidia-smi')

    assert pytorch.check_cuda().status == 'warn'


@pytest.mark.parametrize('version, status', [((3, 9, 18), 'fail'),
                                             ((3, 10, 13), 'ok'),
                                             ((3, 13, 0), 'ok'),
                                             ((3, 14, 0), 'warn')])
def test_python_range(monkeypatch, version, status):
    monkeypatch.setattr(system.sys, 'version_info', version)

    assert system.check_python().status == status


@pytest.mark.parametrize('value, problem', [
    ('', 'is empty'), (' ', 'is empty'), ('C:\\data', 'backslash'),
    ('that"', 'ends in a quote'), ('.\n.', 'line break'),
    ('/no/such/folder', 'is not a folder')])
def test_unusable_data_folder_fails(monkeypatch, value, problem):
    monkeypatch.setenv('VITPOSE_DATA', value)

    result = system.check_data_folder()

    assert result.status == 'fail'
    assert problem in result.detail


def test_data_folder_is_shown(monkeypatch, tmp_path):
    monkeypatch.setenv('VITPOSE_DATA', str(tmp_path))

    assert system.check_data_folder() == Result('VITPOSE_DATA', 'ok',
                                                str(tmp_path))


@pytest.mark.parametrize('found, status', [
    (dict(mmcv='2.1.0', xtcocotools='1.14.3'), 'ok'),
    ({'mmcv-lite': '2.1.0', 'mmcv-lite-ops': '0.1.0'}, 'ok'),
    ({'mmcv': '2.1.0', 'mmcv-lite': '2.1.0'}, 'warn'),
    ({'xtcocotools': '1.14.3', 'xtcocotools-lite': '1.14.3'}, 'warn'),
    ({'mmengine': '0.10.7', 'onedl-mmengine': '0.10.12'}, 'warn')])
def test_package_of_two_distributions_is_a_warning(monkeypatch, found,
                                                   status):
    monkeypatch.setattr(openmmlab, 'versions', lambda: found)

    result = openmmlab.check_overlaps()

    assert result.status == status
    if status == 'warn':
        assert result.cure.startswith(f"pip uninstall {' '.join(found)}")


@pytest.mark.parametrize('suffix, found, detail', [
    (EXTENSION_SUFFIXES[0], {'mmcv-lite-ops': '0.1.0'}, 'compiled operators'),
    ('.py', {'mmcv-lite-ops': '0.1.0'}, 'operators of mmcv-lite-ops 0.1.0'),
    ('.py', {}, 'nobody knows')])
def test_mmcv_is_told_by_its_operators(monkeypatch, suffix, found, detail):
    monkeypatch.setattr('mmcv._ext.__file__', f'mmcv/_ext{suffix}')
    monkeypatch.setattr(openmmlab, 'versions', lambda: found)

    result = openmmlab.check_mmcv()

    assert result.status == 'ok'
    assert detail in result.detail


@pytest.mark.parametrize('found, name', [
    ({'xtcocotools-lite': '1.14.3'}, 'xtcocotools-lite 1.14.3'),
    ({'xtcocotools': '1.14.3'}, 'imports')])
def test_xtcocotools_compiled_or_lite(monkeypatch, found, name):
    monkeypatch.setattr(openmmlab, 'versions', lambda: found)

    result = openmmlab.check_xtcocotools()

    assert result.status == 'ok'
    assert name in result.detail
    assert ('lite' in result.detail) == ('lite' in name)


@pytest.mark.skipif(
    pytorch._minor_version(torch.__version__) < (2, 6),
    reason='older torch reads everything')
def test_checkpoints_fail_with_the_loader_of_mmengine(monkeypatch):
    assert openmmlab.check_checkpoints().status == 'ok'

    monkeypatch.setitem(CheckpointLoader._schemes, '',
                        lambda path, map_location: torch.load(path))

    result = openmmlab.check_checkpoints()
    assert result.status == 'fail'
    assert 'weights' in result.detail.lower()


def refuse_arrays(*_, **__):
    raise TypeError('only 0-dimensional arrays can be converted')


def test_drawing_that_numpy_refuses_to_mmpose_alone_is_no_fault(monkeypatch):
    stock = 'mmpose.visualization.PoseLocalVisualizer'
    monkeypatch.setattr(f'{stock}.draw_circles', lambda self, *_, **__: None)
    assert openmmlab.check_drawing().detail == 'MMPose draws keypoints'

    def draw_circles(self, center, radius, **style):
        if np.ndim(radius):
            refuse_arrays()

    monkeypatch.setattr(f'{stock}.draw_circles', draw_circles)

    result = openmmlab.check_drawing()
    assert result.status == 'ok'
    assert '0-dimensional' in result.detail
    assert "type='PoseVisualizer'" in result.cure


def test_drawing_that_fails_is_a_fault(monkeypatch):
    monkeypatch.setattr('cv2.circle', refuse_arrays)

    assert openmmlab.check_drawing().status == 'fail'


@pytest.mark.parametrize('found, status', [
    ({}, 'ok'),
    ({'mmpretrain': '1.2.0'}, 'ok'),
    ({'transformers': '5.23.0'}, 'ok'),
    ({'mmpretrain': '1.2.0', 'transformers': '4.57.1'}, 'ok'),
    ({'mmpretrain': '1.2.0', 'transformers': '5.23.0'}, 'warn')])
def test_mmpretrain_beside_transformers_5_is_a_warning(monkeypatch, found,
                                                       status):
    monkeypatch.setattr(openmmlab, 'versions', lambda: found)

    assert openmmlab.check_mmpretrain().status == status


def test_warnings_alone_exit_with_zero_and_show_the_cure(monkeypatch):
    cure = 'pip install something ' * 8
    monkeypatch.setattr(cli, 'diagnose',
                        lambda: [Result('cuda', 'warn', 'a [driver]', cure)])

    result = CliRunner().invoke(main, ['doctor'])

    assert result.exit_code == 0
    assert 'a [driver]' in result.output
    assert f'cuda: {cure.strip()}' in result.output
