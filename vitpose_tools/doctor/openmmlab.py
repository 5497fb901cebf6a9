# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import tempfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from ..environment import versions
from .result import Result, check_import, first_line

IN_PLACE = ('pip install --no-deps --no-build-isolation '
            './projects/openmmlab_lite/')
MMCV = ('In the folder of this repository: pip uninstall mmcv mmcv-lite && '
        f'pip install --no-deps mmcv-lite==2.1.0 && {IN_PLACE}mmcv_ops')
XTCOCOTOOLS = ('In the folder of this repository: pip uninstall xtcocotools '
               f'&& {IN_PLACE}xtcocotools')
# Distributions of one package, which overwrite each other's files.
VARIANTS = (('mmcv', 'mmcv-lite'), ('xtcocotools', 'xtcocotools-lite'),
            ('mmengine', 'onedl-mmengine'))


def check_overlaps() -> Result:
    """No package is installed by two distributions."""
    found = versions()
    for both in VARIANTS:
        if all(name in found for name in both):
            return Result(
                'overlaps', 'warn', f'{both[0]} and {both[1]} are both here; '
                'whichever came last overwrote files of the other',
                f'pip uninstall {both[0]} {both[1]}, then install one of them')
    return Result('overlaps', 'ok', 'no package is here twice')


def check_opencv() -> Result:
    """OpenCV imports: the one that is not headless needs libGL."""
    return check_import(
        'cv2', 'cv2', 'pip uninstall opencv-python && pip install '
        '--force-reinstall --no-deps opencv-python-headless==5.0.0.93')


def check_xtcocotools() -> Result:
    """xtcocotools-lite, or a compiled one that is not of another NumPy.

    The wheels of xtcocotools are compiled for NumPy 1.
    """
    result = check_import('xtcocotools', 'xtcocotools.mask', XTCOCOTOOLS)
    found = versions().get('xtcocotools-lite')
    if result.status == 'ok' and found:
        return Result('xtcocotools', 'ok', f'xtcocotools-lite {found} imports')
    return result


def check_mmengine() -> Result:
    return check_import('mmengine', 'mmengine.runner',
                        'pip install --no-deps mmengine==0.10.7')


def check_mmcv() -> Result:
    """MMCV is compiled, or mmcv-lite has mmcv-lite-ops beside it.

    MMPose imports the operators, which mmcv-lite alone lacks.
    """
    result = check_import('mmcv', 'mmcv.ops', MMCV)
    if result.status != 'ok':
        return result
    import mmcv
    from mmcv import _ext
    operators = 'compiled operators'
    if not _ext.__file__.endswith(tuple(EXTENSION_SUFFIXES)):
        lite = versions().get('mmcv-lite-ops', 'of nobody knows where')
        operators = f'operators of mmcv-lite-ops {lite}'
    return Result('mmcv', 'ok', f'{mmcv.__version__} with {operators}')


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
    """Keypoints are drawn: MMPose's own visualizer fails beside NumPy 2.4."""
    try:
        from mmpose.visualization import PoseLocalVisualizer

        from vitpose_mm.visualization import PoseVisualizer
        draw_keypoint(PoseVisualizer())
    except Exception as error:
        return Result('drawing', 'fail', first_line(error),
                      'Cure the packages above first.')
    try:
        draw_keypoint(PoseLocalVisualizer())
    except Exception as error:
        return Result(
            'drawing', 'ok',
            f"PoseVisualizer draws; MMPose's own fails: {first_line(error)}",
            "In configs of yours: visualizer = dict(type='PoseVisualizer')")
    return Result('drawing', 'ok', 'MMPose draws keypoints')


def draw_keypoint(visualizer: object) -> None:
    import numpy as np
    from mmengine.structures import InstanceData
    from mmpose.structures import PoseDataSample
    person = InstanceData(
        keypoints=np.full((1, 1, 2), 8.), keypoint_scores=np.ones((1, 1)))
    visualizer.add_datasample(
        'doctor',
        np.zeros((16, 16, 3), np.uint8),
        PoseDataSample(pred_instances=person),
        draw_gt=False)


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
