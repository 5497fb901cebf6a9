# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .backbone import find_experts, find_vit, route
from .choose_dataset import choose_dataset, metainfo_of, read_test_config
from .crop import cut_crop
from .errors import analyze_errors, check_pictures, predict
from .experts import compare_outputs, compare_weights, summarise_blocks
from .look import look
from .plot_attention import draw_block, draw_depth
from .plot_errors import draw_calibration, draw_keypoints, draw_worst
from .plot_experts import OUTPUTS, WEIGHTS, draw_by_block, draw_matrices
from .results import read_results

__all__ = [
    'OUTPUTS', 'WEIGHTS', 'analyze_errors', 'check_pictures',
    'choose_dataset', 'compare_outputs', 'compare_weights', 'cut_crop',
    'draw_block', 'draw_by_block', 'draw_calibration', 'draw_depth',
    'draw_keypoints', 'draw_matrices', 'draw_worst', 'find_experts',
    'find_vit', 'look', 'metainfo_of', 'predict', 'read_results',
    'read_test_config', 'route', 'summarise_blocks'
]
