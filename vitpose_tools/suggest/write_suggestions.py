# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from vitpose_mm.fileio import write_beside
from vitpose_tools.extras import MissingPackage
from vitpose_tools.predict.draw import encode
from vitpose_tools.predict.poses import Skeleton
from vitpose_tools.predict.videos import Video
from vitpose_tools.predict.writers import coco, dlc, sleap
from .doubts import default_apart, find_doubts, pick_apart
from .reasons import as_text, explain
from .video import Tracks


def write_suggestions(
    video: Video,
    tracks: Tracks,
    skeleton: Skeleton,
    count: int,
    apart: Optional[int],
    min_score: float,
    out: Path,
    about: Dict[str, Any],
    on_frame: Callable[[], None] = lambda: None,
) -> Dict[str, Any]:
    """Write the frames that are most worth labelling, with predictions to
    start from.

    Args:
        video: It is read once more.
        tracks: What a model says of its frames.
        skeleton: What the keypoints are.
        count: Frames to write.
        apart: The least distance of two of them, in frames of the video;
            None leaves room for all.
        min_score: Keypoints of less confidence are left to the labeller.
        out: Folder that is made; it may exist if it is empty.
        about: What else the summary shall say.
        on_frame: Called after each.

    Returns:
        What suggest.json holds.

    Raises:
        OSError: If the disk refuses, or ``out`` is not empty.
    """
    sizes = np.maximum(
        (tracks.boxes[:, 2:] - tracks.boxes[:, :2]).max(1), 1.)
    doubts = find_doubts(tracks.keypoints, tracks.scores, sizes)
    # Frames of the video, of which tracks may hold one in so many.
    spacing = max(1, int(np.median(np.diff(tracks.frames)))
                  if len(tracks.frames) > 1 else 1)
    steps = default_apart(len(tracks.frames), count) if apart is None else \
        max(1, -(-apart // spacing))
    rows = sorted(pick_apart(doubts.total, count, steps))
    names = list(skeleton.names)
    folder = f'labeled-data/{video.path.stem}'
    digits = len(str(int(tracks.frames[-1])))
    files = [f'{folder}/img{tracks.frames[row]:0{digits}d}.png'
             for row in rows]
    chosen = []
    for row, file in zip(rows, files):
        reasons = explain(doubts, tracks.scores, sizes, names, row)
        frame = int(tracks.frames[row])
        chosen.append(dict(
            frame=frame, seconds=round(frame / video.fps, 3), file=file,
            doubt=float(doubts.total[row]), why=as_text(reasons),
            reasons=reasons))
    summary = dict(
        about, video=str(video.path), fps=video.fps,
        frames_seen=len(tracks.frames), apart=steps * spacing,
        min_score=min_score, frames=chosen, notes=[])
    write_beside(out, lambda partial: write_folder(
        partial, video, tracks, rows, files, names,
        list(skeleton.links), summary, on_frame))
    return summary


def write_folder(out: Path, video: Video, tracks: Tracks, rows: List[int],
                 files: List[str], names: List[str], links: List[tuple],
                 summary: Dict[str, Any],
                 on_frame: Callable[[], None]) -> None:
    """Write pictures, labels and summary; see write_suggestions."""
    frames = tracks.frames[rows]
    scores, boxes = tracks.scores[rows], tracks.boxes[rows]
    keypoints = np.where(
        (scores >= summary['min_score'])[..., None], tracks.keypoints[rows],
        np.nan)
    (out / files[0]).parent.mkdir(parents=True)
    wanted = dict(zip(frames.tolist(), files))
    for index, frame in video.read(wanted.__contains__):
        (out / wanted[index]).write_bytes(encode(frame, '.png'))
        on_frame()
    table = (out / files[0]).with_name(f'CollectedData_{dlc.SCORER}.csv')
    table.write_text(dlc.start_labels(names, files, keypoints),
                     encoding='utf-8')
    content = coco.start_labels(names, links, files, keypoints, scores, boxes,
                                tracks.size, video.path.name, frames)
    (out / 'coco.json').write_text(
        json.dumps(content, ensure_ascii=False), encoding='utf-8')
    try:
        sleap.write_start_labels(out / 'labels.slp', names, links, keypoints,
                                 scores, video.path, frames)
    except MissingPackage as error:
        summary['notes'].append(f'no .slp file: {error}')
    (out / 'suggest.json').write_text(
        json.dumps(summary, indent=2, ensure_ascii=False), encoding='utf-8')
