# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Sequence

import numpy as np


def match(overlaps: np.ndarray, thresholds: Sequence[float],
          ignored: Sequence[bool], crowds: Sequence[bool],
          count: int) -> np.ndarray:
    """Which annotation each detection of an image is counted for.

    COCO's rule: detections choose in turn, the best first. Each takes the
    annotation it overlaps most, the last of equals, of those that reach the
    threshold and are free; an ignored one only if no other does. A crowd is
    always free.

    Args:
        overlaps: (D, G), of detections, best first, with annotations, ignored
            ones last; (0,) if there are none of either.
        thresholds: T of them.
        ignored: G.
        crowds: G.
        count: D.

    Returns:
        (T, D): index of the annotation, -1 for none.
    """
    matched = np.full((len(thresholds), count), -1, dtype=np.int64)
    # At 1, what is equal but for rounding counts.
    floors = [min(threshold, 1 - 1e-10) for threshold in thresholds]
    taken = [set() for _ in floors]
    overlaps = np.asarray(overlaps)
    near = {}
    for detection, g in np.argwhere(overlaps >= min(floors)).tolist():
        near.setdefault(detection, []).append(g)
    # Plain numbers: most detections are near one annotation or none, and an
    # array per detection would take longer than all comparisons.
    for detection, candidates in near.items():
        row = overlaps[detection].tolist()
        most = max(row[g] for g in candidates)
        for t, floor in enumerate(floors):
            if floor > most:
                continue
            best, overlap = -1, floor
            for g in candidates:
                if row[g] < overlap or g in taken[t]:
                    continue
                if best >= 0 and ignored[g] and not ignored[best]:
                    break
                best, overlap = g, row[g]
            if best >= 0:
                matched[t, detection] = best
                if not crowds[best]:
                    taken[t].add(best)
    return matched
