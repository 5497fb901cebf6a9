# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Predictions in the forms that labelling tools open, to be corrected."""
import csv
import io
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np

SCORER = 'vitpose_mm'


class NoSleap(ImportError):
    """The package that writes .slp files is not installed."""


def dlc_csv(names: Sequence[str], files: Sequence[str],
            keypoints: np.ndarray) -> str:
    """The text of a CollectedData file of DeepLabCut.

    Args:
        names: Of the keypoints, K of them.
        files: Path of each picture, with '/', F of them.
        keypoints: x, y in pixels, shape (F, K, 2); NaN is left empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['scorer'] + [SCORER] * (2 * len(names)))
    writer.writerow(['bodyparts'] + [name for name in names for _ in 'xy'])
    writer.writerow(['coords'] + ['x', 'y'] * len(names))
    for file, points in zip(files, keypoints):
        writer.writerow([file] + [
            round(float(value), 3) if np.isfinite(value) else ''
            for value in points.flat])
    return text.getvalue()


def coco(names: Sequence[str], links: Sequence[tuple], files: Sequence[str],
         keypoints: np.ndarray, scores: np.ndarray, boxes: np.ndarray,
         size: tuple, video: str, frames: Sequence[int]) -> Dict[str, Any]:
    """A COCO keypoint file, one animal on each picture.

    Args:
        names, files, keypoints: As for dlc_csv; NaN is not labelled (v = 0).
        links: Pairs of indices of keypoints, from 0.
        scores: Confidence, shape (F, K).
        boxes: x1, y1, x2, y2 in pixels, shape (F, 4).
        size: Of a picture, (w, h).
        video: Name of the video.
        frames: Index of each picture in it.
    """
    images, annotations = [], []
    for row, file in enumerate(files):
        x1, y1, x2, y2 = map(float, boxes[row])
        known = np.isfinite(keypoints[row]).all(1)
        images.append(dict(
            id=row + 1, file_name=file, width=size[0], height=size[1],
            video=video, frame_index=int(frames[row])))
        annotations.append(dict(
            id=row + 1, image_id=row + 1, category_id=1,
            bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1),
            iscrowd=0, num_keypoints=int(known.sum()),
            keypoints=[
                value for (x, y), is_known in zip(keypoints[row], known)
                for value in ((round(float(x), 3), round(float(y), 3), 2)
                              if is_known else (0, 0, 0))],
            score=mean_score(scores[row])))
    return dict(
        images=images, annotations=annotations,
        categories=[dict(
            id=1, name='animal', keypoints=list(names),
            skeleton=[[a + 1, b + 1] for a, b in links])])


def write_slp(path: Path, names: Sequence[str], links: Sequence[tuple],
              keypoints: np.ndarray, scores: np.ndarray, video: Path,
              frames: Sequence[int]) -> None:
    """Write a project of SLEAP that opens the video itself.

    Args:
        path: Of the .slp file.
        video: The file, which is not copied.
        names, links, keypoints, scores, frames: As for coco.

    Raises:
        NoSleap: If sleap-io is not installed.
    """
    try:
        import sleap_io
    except ImportError as error:
        raise NoSleap('no .slp file: it is written by sleap-io, which `pip '
                      "install 'vitpose_mm[labels]'` installs") from error
    skeleton = sleap_io.Skeleton(
        nodes=list(names), edges=[(names[a], names[b]) for a, b in links])
    source = sleap_io.Video.from_filename(str(video.resolve()))
    labels = sleap_io.Labels([
        sleap_io.LabeledFrame(
            video=source, frame_idx=int(frame),
            instances=[sleap_io.PredictedInstance.from_numpy(
                points, skeleton, np.nan_to_num(row, nan=0.),
                mean_score(row))])
        for frame, points, row in zip(frames, keypoints, scores)])
    labels.save(str(path), verbose=False)


def mean_score(scores: np.ndarray) -> float:
    """Mean of the known confidences, 0 without one."""
    known: List[float] = scores[np.isfinite(scores)]
    return round(float(known.mean()), 4) if len(known) else 0.
