# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What MMPose's datasets and metrics read of files, checked beforehand.

Each module looks at one kind of thing and returns findings; none changes
anything. They take the contents of files and parsed metainfo; only
``dataset.py`` knows dataset and metric objects.
"""
from .dataset import DatasetCheck
from .finding import ERROR, NOTE, WARNING, DataError, Example, Finding

__all__ = [
    'ERROR', 'NOTE', 'WARNING', 'DataError', 'DatasetCheck', 'Example',
    'Finding'
]
