# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, List

from mmengine.dataset import BaseDataset
from mmpose.datasets.transforms import RandomFlip

from .finding import Finding


def steps_of(dataset: BaseDataset, name: str) -> List[Any]:
    """Transforms of a dataset's pipeline of a class, or derived from it."""
    return [step for step in dataset.pipeline.transforms
            if any(kind.__name__ == name for kind in type(step).__mro__)]


def carries_category(dataset: BaseDataset) -> bool:
    """Whether predictions know the category of their annotation."""
    return dataset.data_mode == 'topdown' and any(
        'category_id' in step.meta_keys
        for step in steps_of(dataset, 'PackPoseInputs'))


def weighs_keypoints(dataset: BaseDataset) -> bool:
    """Whether targets are weighted by the metainfo's ``joint_weights``."""
    return any(step.use_dataset_keypoint_weights
               for step in steps_of(dataset, 'GenerateTarget'))


def learns_areas(dataset: BaseDataset) -> bool:
    """Whether targets are made with the areas of people."""
    return any('area' in encoder.auxiliary_encode_keys
               for step in steps_of(dataset, 'GenerateTarget')
               for encoder in (step.encoder if isinstance(step.encoder, list)
                               else [step.encoder]))


def check_flip(dataset: BaseDataset) -> List[Finding]:
    """Check that keypoints are mirrored about the axis of the image."""
    for step in steps_of(dataset, 'BottomupRandomAffine'):
        w, h = step.input_size
        if w != h and any(type(flip) is RandomFlip
                          for flip in steps_of(dataset, 'RandomFlip')):
            return [
                Finding('flip-axis', f'pipeline of {dataset.ann_file}',
                        f'RandomFlip takes input_size={(w, h)} (w, h) for '
                        '(h, w) and mirrors keypoints about another axis '
                        'than the image', 'write '
                        "type='BottomupRandomFlip'")
            ]
    return []
