# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the keypoints of all datasets are called, and the vectors and filters
that are made of the names."""
from .keypoint_name import KeypointName, keypoint_names, parse_name
from .name_filters import NameFilters
from .name_vectors import NameVectors, UnknownName

__all__ = [
    'KeypointName', 'NameFilters', 'NameVectors', 'UnknownName',
    'keypoint_names', 'parse_name'
]
