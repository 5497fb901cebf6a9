# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""All metainfo files of MMPose and of this package."""
from pathlib import Path
from typing import Iterator, Tuple

import mmpose
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_mm.datasets import metainfo
from vitpose_mm.names import KeypointName, parse_name

FOLDERS = (Path(mmpose.__path__[0], '.mim/configs/_base_/datasets'),
           Path(metainfo.__path__[0]))
FILES = sorted(file for folder in FOLDERS for file in folder.glob('*.py')
               if file.stem != '__init__')


def skeleton(file: Path) -> Tuple[str, list, list]:
    """Dataset, names and flip order of a metainfo file."""
    info = parse_pose_metainfo(dict(from_file=str(file)))
    names = [info['keypoint_id2name'][k]
             for k in range(info['num_keypoints'])]
    return info['dataset_name'], names, info['flip_indices']


def parsed_names() -> Iterator[Tuple[str, str, KeypointName]]:
    """Dataset, written name and parsed name of every keypoint."""
    for file in FILES:
        dataset, names, _ = skeleton(file)
        for name in names:
            yield dataset, name, parse_name(name, dataset)
