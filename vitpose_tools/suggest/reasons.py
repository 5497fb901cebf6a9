# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Dict, List, Sequence

import numpy as np

from .doubts import Doubts

NAMED = 3  # reasons for a frame, the strongest first
WORTH_NAMING = 2.  # robust standard deviations


def explain(doubts: Doubts, scores: np.ndarray, sizes: np.ndarray,
            names: Sequence[str], row: int) -> List[Dict[str, Any]]:
    """Say why a frame was chosen.

    Args:
        doubts: Of all frames.
        scores: Confidence, shape (T, K).
        sizes: Longer sides of the boxes in pixels, shape (T, ).
        names: Of the keypoints, K of them.
        row: Of the frame.

    Returns:
        What is most unusual: the keypoint, 'confidence' or 'jump', its
        deviation, its value and what is usual; jumps in pixels. Unknown
        values are None.
    """
    found = [
        (kind, k, deviation[row, k]) for kind, deviation in
        (('confidence', doubts.confidence), ('jump', doubts.jump))
        for k in range(len(names)) if deviation[row, k] >= WORTH_NAMING]
    found.sort(key=lambda entry: -entry[2])
    values = dict(confidence=scores, jump=doubts.steps * sizes[:, None])
    return [
        dict(keypoint=names[k], kind=kind, deviation=float(deviation),
             value=number(values[kind][row, k]),
             usual=number(median(values[kind][:, k])))
        for kind, k, deviation in found[:NAMED]]


def as_text(reasons: Sequence[Dict[str, Any]]) -> str:
    """Reasons for people."""
    parts = []
    for reason in reasons:
        if reason['value'] is None:
            parts.append(f'{reason["keypoint"]} {reason["kind"]} unknown')
        elif reason['kind'] == 'confidence':
            parts.append(f'{reason["keypoint"]} confidence '
                         f'{reason["value"]:.2f} ({reason["usual"]:.2f})')
        else:
            parts.append(f'{reason["keypoint"]} jumps {reason["value"]:.0f} '
                         f'px ({reason["usual"]:.0f})')
    return ', '.join(parts) or 'a little of everything'


def median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return np.median(known) if known.size else np.nan


def number(value: float) -> Any:
    return float(value) if np.isfinite(value) else None
