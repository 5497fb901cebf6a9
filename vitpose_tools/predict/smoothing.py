# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass, replace
from typing import Dict, Optional

import numpy as np

from .poses import Poses


@dataclass
class Track:
    """What is known of one person's K keypoints.

    Attributes:
        seconds: When each was last seen, shape (K,); NaN before.
        keypoints: Filtered, in image pixels, shape (K, 2).
        raw: As last seen, in image pixels, shape (K, 2).
        speeds: Filtered derivative in pixels per second, shape (K, 2).
    """

    seconds: np.ndarray
    keypoints: np.ndarray
    raw: np.ndarray
    speeds: np.ndarray


class Smoother:
    """The 1-euro filter of each keypoint of each person: Casiez, Roussel and
    Vogel, CHI 2012, https://gery.casiez.net/1euro.

    A low-pass filter whose cutoff frequency rises with speed: still people do
    not tremble, fast ones do not lag. x and y have one cutoff each, as in the
    paper. Speeds are measured in sides of the box, so that the same values
    serve all sizes of people.

    Args:
        min_cutoff: Cutoff of who stands still, in Hz; less is smoother.
        beta: By how many Hz the cutoff rises for each longer side of the box
            per second; more lags less.
        derivative_cutoff: Of the filter of the speed, in Hz.
        max_gap: Seconds after which a keypoint that comes back starts anew.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(self, min_cutoff: float = 1., beta: float = 10.,
                 derivative_cutoff: float = 1., max_gap: float = 0.5) -> None:
        if not (min_cutoff > 0 and derivative_cutoff > 0 and max_gap > 0
                and beta >= 0):
            raise ValueError(
                'cutoffs and max_gap have to be above 0 and beta at least 0; '
                f'min_cutoff is {min_cutoff}, derivative_cutoff '
                f'{derivative_cutoff}, max_gap {max_gap}, beta {beta}')
        self.min_cutoff, self.beta = min_cutoff, beta
        self.derivative_cutoff, self.max_gap = derivative_cutoff, max_gap
        self.tracks: Dict[int, Track] = {}
        self.source: Optional[str] = None
        self.seconds = -np.inf

    def __call__(self, poses: Poses, seconds: float) -> Poses:
        """Smooth the people of a frame.

        Args:
            poses: With track ids; people of negative ids are left as they
                are. What is NaN stays NaN. Another source starts anew.
            seconds: When the frame is, later than the one before.

        Returns:
            Poses with other keypoints; scores and boxes are the same.

        Raises:
            ValueError: If there are no track ids, or time runs backwards.
        """
        if poses.source != self.source:
            self.source, self.seconds, self.tracks = poses.source, -np.inf, {}
        if poses.track_ids is None and len(poses):
            raise ValueError(f'{poses.source}: people are smoothed by their '
                             'track ids, and these have none; give boxes '
                             'with track ids or a detector')
        if not seconds > self.seconds:
            raise ValueError(
                f'{poses.source}: a frame at {seconds} s came after one at '
                f'{self.seconds} s; frames are smoothed in order')
        self.seconds = seconds
        keypoints = np.array(poses.keypoints, float)
        for person in range(len(poses)):
            track_id = int(poses.track_ids[person])
            if track_id >= 0:
                x1, y1, x2, y2 = poses.boxes[person]
                keypoints[person] = self.filter(
                    track_id, keypoints[person], seconds,
                    max(float(x2 - x1), float(y2 - y1), 1.))
        self.tracks = {
            track_id: track for track_id, track in self.tracks.items()
            if seconds - np.nanmax(track.seconds, initial=-np.inf)
            <= self.max_gap}
        return replace(poses, keypoints=keypoints)

    def filter(self, track_id: int, keypoints: np.ndarray, seconds: float,
               size: float) -> np.ndarray:
        """Filter a person's keypoints.

        Args:
            track_id: Who it is.
            keypoints: x, y in image pixels, shape (K, 2).
            seconds: Now.
            size: Longer side of the box in pixels.
        """
        count = len(keypoints)
        track = self.tracks.setdefault(track_id, Track(
            np.full(count, np.nan), np.full((count, 2), np.nan),
            np.full((count, 2), np.nan), np.zeros((count, 2))))
        known = np.isfinite(keypoints).all(1)
        gap = seconds - track.seconds
        old = known & (gap <= self.max_gap)
        new = known & ~old
        track.keypoints[new], track.speeds[new] = keypoints[new], 0.
        passed = gap[old, None]
        speed = (keypoints[old] - track.raw[old]) / passed
        track.speeds[old] = mix(speed, track.speeds[old], passed,
                                self.derivative_cutoff)
        cutoff = self.min_cutoff + self.beta / size * np.abs(
            track.speeds[old])
        track.keypoints[old] = mix(keypoints[old], track.keypoints[old],
                                   passed, cutoff)
        track.raw[known] = keypoints[known]
        track.seconds[known] = seconds
        return np.where(known[:, None], track.keypoints, np.nan)


def mix(new: np.ndarray, old: np.ndarray, passed: np.ndarray,
        cutoff: np.ndarray) -> np.ndarray:
    """One step of exponential smoothing, equations 1 and 6 of the paper."""
    alpha = 1. / (1. + 1. / (2. * np.pi * cutoff * passed))
    return alpha * new + (1. - alpha) * old
