# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import warnings
from pathlib import Path
from typing import Optional

from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS


def registered_metainfo(dataset_name: str) -> Optional[dict]:
    """Find the metainfo of a dataset among the registered dataset classes.

    Args:
        dataset_name: As in the metainfo itself.

    Returns:
        Parsed metainfo, None if no class has it.
    """
    candidates = [
        dataset.METAINFO for dataset in DATASETS.module_dict.values()
        if getattr(dataset, 'METAINFO', None)
    ]
    # Files are mostly called like the dataset: those first, they are many.
    candidates.sort(
        key=lambda info: Path(info.get('from_file', '')).stem != dataset_name)
    for candidate in candidates:
        with warnings.catch_warnings():
            # MMPose's own files are where it installed them, not here.
            warnings.simplefilter('ignore')
            metainfo = parse_pose_metainfo(candidate)
        if metainfo['dataset_name'] == dataset_name:
            return metainfo
    return None
