# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from ..metainfo import metainfo_file


# In a folder ``datasets/animal``: MMPoseInferencer takes its detector, here
# the one for animals, from that part of the module's name.
@DATASETS.register_module()
class APT36KDataset(BaseCocoStyleDataset):
    """APT-36K (arXiv 2206.05683): animals in frames of 2400 video clips.

    It has the 17 keypoints of AP-10K, but a ``dataset_name`` of its own, by
    which a joint model finds its expert and head. ``vitpose-mm data apt36k``
    makes annotation files in this form of the published one.

    The arguments are those of MMPose's COCO-style datasets.
    """

    METAINFO: dict = dict(from_file=metainfo_file('apt36k'))
