# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import tempfile
from pathlib import Path

from ..environment import versions
from .result import Result, check_import, first_line

MMCV = ('MMCV_WITH_OPS=1 FORCE_CUDA=0 CUDA_VISIBLE_DEVICES= CFLAGS=-g0 '
        'pip install --no-deps --no-build-isolation mmcv==2.1.0 '
        '(builds for about 5 minutes; needs a C++ compiler, ninja and '
        'setuptools < 82)')


def check_opencv() -> Result:
    """OpenCV imports: the one that is not headless needs libGL."""
    return check_import(
        'cv2', 'cv2', 'pip uninstall opencv-python && pip install '
        '--force-reinstall --no-deps opencv-python-headless==5.0.0.93')


def check_xtcocotools() -> Result:
    """Its wheels are compiled for NumPy 1 and fail beside NumPy 2."""
    return check_import(
        'xtcocotools', 'xtcocotools.mask',
        'pip install cython && pip install --force-reinstall --no-deps '
        '--no-build-isolation --no-binary xtcocotools xtcocotools==1.14.3')


def check_mmengine() -> Result:
    return check_import('mmengine', 'mmengine.runner',
                        'pip install --no-deps mmengine==0.10.7')


def check_mmcv() -> Result:
    """MMPose imports MMCV's compiled operators, which mmcv-lite lacks."""
    return check_import('mmcv', 'mmcv.ops', MMCV)


def check_mmdet() -> Result:
    """MMDetection 3.3 refuses MMCV >= 2.2."""
    result = check_import('mmdet', 'mmdet',
                          'pip install --no-deps mmdet==3.3.0')
    if 'MMCV==' in result.detail:
        return Result('mmdet', 'fail', result.detail, MMCV)
    return result


def check_mmpose() -> Result:
    return check_import('mmpose', 'mmpose.models',
                        'pip install --no-deps mmpose==1.3.2')


def check_openmim() -> Result:
    """Training is started by `mim train mmpose`."""
    return check_import(
        'mim', 'mim.commands.train',
        'pip install --no-deps openmim==0.3.9 && pip install click colorama '
        'model-index pandas requests rich tabulate')


def check_vitpose_mm() -> Result:
    """Everything of vitpose_mm registers with MMPose."""
    try:
        import vitpose_mm
    except Exception as error:
        return Result('vitpose_mm', 'fail', first_line(error),
                      'Cure the packages above first.')
    return Result('vitpose_mm', 'ok', f'{vitpose_mm.__version__} registers')


def check_checkpoints() -> Result:
    """A checkpoint as MMEngine writes it can be read back.

    torch >= 2.6 refuses its log history unless vitpose_mm allows it.
    """
    try:
        import torch
        from mmengine.logging import HistoryBuffer
        from mmengine.runner import CheckpointLoader

        import vitpose_mm.checkpoints  # noqa: F401
        history = HistoryBuffer([0.5], [1])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'checkpoint.pth')
            torch.save(dict(message_hub=dict(log_scalars=history)), path)
            CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')
    except Exception as error:
        return Result('checkpoints', 'fail', first_line(error),
                      'Cure the packages above first.')
    return Result('checkpoints', 'ok', 'of MMEngine load and resume')


def check_drawing() -> Result:
    """MMPose 1.3 calls int() on 1-element arrays, which NumPy 2.4 refuses."""
    try:
        import numpy as np
        from mmengine.structures import InstanceData
        from mmpose.structures import PoseDataSample
        from mmpose.visualization import PoseLocalVisualizer
        person = InstanceData(
            keypoints=np.full((1, 1, 2), 8.), keypoint_scores=np.ones((1, 1)))
        PoseLocalVisualizer().add_datasample(
            'doctor',
            np.zeros((16, 16, 3), np.uint8),
            PoseDataSample(pred_instances=person),
            draw_gt=False)
    except Exception as error:
        return Result('drawing', 'warn', first_line(error),
                      "Cure the packages above, or: pip install 'numpy<2.4'")
    return Result('drawing', 'ok', 'MMPose draws keypoints')


def check_mmpretrain() -> Result:
    """MMPretrain 1.2 does not import its models beside transformers 5."""
    found = versions()
    if 'mmpretrain' not in found:
        return Result('mmpretrain', 'ok', 'not installed, not needed')
    transformers = found.get('transformers', '')
    if transformers and int(transformers.split('.')[0]) >= 5:
        return Result(
            'mmpretrain', 'warn',
            f'its models do not import beside transformers {transformers}: '
            "MMPose's own ViTPose configs fail, those of vitpose_mm work",
            "pip install 'transformers<5', or uninstall transformers")
    return Result('mmpretrain', 'ok', found['mmpretrain'])
