# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""An exported network against PyTorch: keypoints, scores and time."""
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import numpy as np

from vitpose_tools.predict.exported import ExportError
from vitpose_tools.predict.network import Network

# Crops at once. That 16 crops make no whole number of threes is meant.
BATCHES = (1, 3, 8)


class Tolerance(NamedTuple):
    """How far an export may be from PyTorch in float32.

    Args:
        median: Of the distances of all keypoints, in crop pixels.
        p99: 99 % of the distances are below.
        keypoint: The median of each single keypoint is below: one that is
            always wrong hides in the median of all.
        scores: Median of the differences of the scores, as a share of the
            median score.
    """

    median: float
    p99: float
    keypoint: float
    scores: float


# A heatmap without a clear peak may peak elsewhere after rounding, so the
# last per cent says nothing but in float32.
TOLERANCES = dict(
    float32=Tolerance(0.005, 0.1, 0.02, 0.001),
    float16=Tolerance(0.05, np.inf, 0.2, 0.01),
    bfloat16=Tolerance(0.5, np.inf, 2.0, 0.05),
    int8=Tolerance(0.5, np.inf, 2.0, 0.1))


@dataclass
class Comparison:
    """What came out at one size of batch.

    Args:
        batch: Crops at once.
        median, p99, largest: Distances of the keypoints, in crop pixels.
        keypoint: The largest of the medians of the single keypoints.
        name: Of that keypoint.
        scores: Median difference of the scores, as a share of the median
            score.
        ms, pytorch_ms: For a crop, the median of the batches.
    """

    batch: int
    median: float
    p99: float
    largest: float
    keypoint: float
    name: str
    scores: float
    ms: float
    pytorch_ms: float

    def within(self, tolerance: Tolerance) -> bool:
        """Whether nothing is beyond; NaN is."""
        return all(getattr(self, name) <= limit
                   for name, limit in tolerance._asdict().items())

    def to_json(self) -> Dict[str, Any]:
        """As a dict; what is not finite is None."""
        return {key: None if isinstance(value, float)
                and not np.isfinite(value) else value
                for key, value in asdict(self).items()}


@dataclass
class Result:
    """What came of an export.

    Args:
        rows: Of compare.
        tolerance: What they were held against.
        crops: What was compared with, in words.
        calibration: Crops that were calibrated with, beside them.
        precision: What the runtime computes in here.
        size: Of the files, in bytes.
    """

    rows: List[Comparison]
    tolerance: Tolerance
    crops: str
    calibration: int
    precision: str
    size: int = 0

    @property
    def passed(self) -> bool:
        """Whether the export is what PyTorch computes."""
        return all(row.within(self.tolerance) for row in self.rows)


class Parted(ExportError):
    """An export computes something else than PyTorch.

    Args:
        out: What would have been written.
        result: The comparison.
    """

    def __init__(self, out: Path, result: Result) -> None:
        self.result = result
        limits = result.tolerance._asdict()
        beyond = [
            f'{name} {getattr(row, name):.3g} at batch {row.batch} (limit '
            f'{limit:g})' for row in result.rows
            for name, limit in limits.items()
            if not getattr(row, name) <= limit
        ]
        super().__init__(f'{out} is not written, because it computes '
                         f'something else than PyTorch: {", ".join(beyond)}')


def compare(network: Network, reference: Network,
            crops: np.ndarray) -> List[Comparison]:
    """Run both on the same crops, in turns.

    Args:
        network: The export.
        reference: PyTorch.
        crops: Shape (N, h, w, 3), uint8; few are taken several times.

    Returns:
        One comparison for each of BATCHES.
    """
    crops = crops[np.arange(max(len(crops), BATCHES[-1])) % len(crops)]
    found = []
    for batch in BATCHES:
        parts = [crops[start:start + batch]
                 for start in range(0, len(crops), batch)]
        results, times = {}, {}
        for part in parts:
            for side in (network, reference):
                start = time.perf_counter()
                result = side(part)
                taken = (time.perf_counter() - start) / len(part)
                # Both may hand out their own memory.
                results.setdefault(side, []).append(
                    [np.array(each) for each in result])
                times.setdefault(side, []).append(1000 * taken)
        keypoints, scores = (
            [np.concatenate(each) for each in zip(*results[side])]
            for side in (network, reference))
        found.append(differences(
            batch, network, keypoints, scores,
            float(np.median(times[network])),
            float(np.median(times[reference]))))
    return found


def differences(batch: int, network: Network, found: list, expected: list,
                ms: float, pytorch_ms: float) -> Comparison:
    """Of keypoints and scores, found and expected."""
    distance = np.linalg.norm(found[0] - expected[0], axis=-1)
    single = np.median(distance, 0)
    worst = int(np.argmax(single))
    scores = np.median(np.abs(found[1] - expected[1])) / max(
        float(np.median(np.abs(expected[1]))), 1e-6)
    return Comparison(
        batch, float(np.median(distance)), float(np.quantile(distance, 0.99)),
        float(distance.max()), float(single[worst]),
        network.skeleton.names[worst], float(scores), ms, pytorch_ms)
