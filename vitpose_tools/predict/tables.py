# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Predictions as a table of one row for each keypoint of each person.

Long rather than wide: models of other keypoints have the same columns.
"""
from typing import TYPE_CHECKING, Any, Dict, Optional

import numpy as np

from vitpose_tools.extras import need
from .poses import Poses

if TYPE_CHECKING:
    import pandas

CORNERS = ('box_x1', 'box_y1', 'box_x2', 'box_y2')
COLUMNS = ('source', 'frame', 'person', 'track_id', 'keypoint', 'x', 'y',
           'score', *CORNERS, 'box_score')


def columns(poses: Poses) -> Dict[str, Any]:
    """The columns of a table.

    Returns:
        Each of COLUMNS to N * K values, or to None or the text or number that
        all rows have.
    """
    people, count = poses.scores.shape
    table: Dict[str, Any] = dict(
        source=poses.source,
        frame=poses.frame,
        person=np.repeat(np.arange(people), count),
        track_id=None,
        keypoint=np.tile(np.array(poses.skeleton.names, object), people),
        x=poses.keypoints[..., 0].ravel(),
        y=poses.keypoints[..., 1].ravel(),
        score=poses.scores.ravel(),
        box_score=np.repeat(poses.box_scores, count))
    if poses.track_ids is not None:
        table['track_id'] = np.repeat(poses.track_ids, count)
    for corner, values in zip(CORNERS, np.reshape(poses.boxes, (-1, 4)).T):
        table[corner] = np.repeat(values, count)
    return {name: table[name] for name in COLUMNS}


def full(value: Any, rows: int) -> Optional[np.ndarray]:
    """A column with a value for each row; None stays None."""
    return value if value is None or isinstance(value, np.ndarray) else \
        np.full(rows, value, dtype=object if isinstance(value, str) else None)


def to_dataframe(poses: Poses) -> 'pandas.DataFrame':
    """See Poses.to_dataframe."""
    pandas = need('pandas', 'Tables are made')
    rows = poses.scores.size
    table = {}
    for name, value in columns(poses).items():
        value = full(value, rows)
        if name in ('frame', 'track_id'):
            # Whole numbers that may be missing.
            value = pandas.array([pandas.NA] * rows if value is None
                                 else value, dtype='Int64')
        table[name] = value
    return pandas.DataFrame(table)
