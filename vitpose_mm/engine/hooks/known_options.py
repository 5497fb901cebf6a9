# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from difflib import get_close_matches
from typing import Iterable, Iterator, Tuple

from mmengine.logging import MMLogger
from torch import nn

from ..unwrap_model import unwrap_model

# What MMPose 1.x and this package read. A key that nobody reads changes
# nothing, which looks like a result.
TEST_CFG = frozenset((
    'align_corners', 'amp_dtype', 'aug_scales', 'blur_kernel_size', 'dataset',
    'flip_mode', 'flip_test', 'heads', 'input_size', 'max_instances',
    'max_num_people', 'multiscale_test', 'names', 'nms_dist_thr',
    'nms_joints_thr', 'nms_thr', 'output_heatmap', 'output_heatmaps',
    'output_keypoint_indices', 'pose_nms', 'restore_heatmap_size', 'score_thr',
    'score_threshold', 'shift_coords', 'shift_heatmap'))
TRAIN_CFG = frozenset(('compute_acc', 'max_train_instances'))


def check_options(model: nn.Module) -> None:
    """Look for keys of a model's test_cfg and train_cfg that nobody reads.

    A foreign head may read others: what is like no known key is a warning.

    Args:
        model: An estimator, wrapped or not.

    Raises:
        ValueError: If a key looks like a known one.
    """
    for name, unknown, known in unknown_options(unwrap_model(model)):
        near = get_close_matches(unknown, known, 1, 0.75)
        text = f"{name} has the key '{unknown}', which nothing reads"
        if near:
            raise ValueError(f"{text}; did you mean '{near[0]}'?")
        MMLogger.get_current_instance().warning(
            f'{text}, unless a head of yours does')


def unknown_options(
        model: nn.Module) -> Iterator[Tuple[str, str, Iterable[str]]]:
    """Path in the config, key, and what is known there."""
    test_cfg = dict(getattr(model, 'test_cfg', None) or {})
    places = [('model.test_cfg', test_cfg, TEST_CFG),
              ('model.train_cfg', getattr(model, 'train_cfg', None) or {},
               TRAIN_CFG)]
    for name, options in (test_cfg.get('heads') or {}).items():
        places.append(
            (f"model.test_cfg.heads['{name}']", options, TEST_CFG))
    for path, options, known in places:
        for key in options:
            if key not in known:
                yield path, key, known
