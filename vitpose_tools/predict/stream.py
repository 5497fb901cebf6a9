# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Frames to poses, in order and in little memory.

Three threads hand over to each other through short queues: one reads, one
finds boxes and cuts crops, one runs the network on batches. Whoever takes the
poses draws and writes meanwhile.
"""
from collections import deque
from dataclasses import dataclass
from typing import Callable, Deque, Iterable, Iterator, Tuple

import numpy as np

from .ahead import Ahead, all_closed
from .crops import Places, cut, place, to_image
from .frame import Boxes, FindBoxes, Frame
from .network import CropSpec, Network
from .poses import Poses, Skeleton
from .sources import is_live

# Frames that wait between two threads.
QUEUE = 4
# Bytes of pixels of frames that wait for a batch to be full.
WAITING_BYTES = 1 << 28

Result = Tuple[Frame, Poses]


@dataclass
class Task:
    """A frame whose people are being looked at.

    Args:
        frame, boxes: What and who.
        places: Of the crops of the N people.
        crops: Of those with a place, shape (M, h, w, 3), uint8.
        keypoints, scores: Of the M crops so far, in crop pixels.
        done: How many of the M.
    """

    frame: Frame
    boxes: Boxes
    places: Places
    crops: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    done: int = 0


def stream_topdown(frames: Iterable[Frame], find_boxes: FindBoxes,
                   network: Network, batch_size: int) -> Iterator[Result]:
    """Find the keypoints of the people in boxes.

    Args:
        frames: In the order in which they are wanted.
        find_boxes: Is asked once for each frame, in their order.
        network: Gets batches of crops, from several frames.
        batch_size: Most crops of one.

    Yields:
        Each frame with its poses, in the order of the frames.
    """
    read = Ahead(frames, QUEUE)
    tasks = Ahead(cut_all(read, find_boxes, network), QUEUE)
    results = Ahead(run_all(tasks, network, batch_size), QUEUE)
    with all_closed(results, tasks, read):
        yield from results


def stream_whole(frames: Iterable[Frame],
                 find_poses: Callable[[Frame], Poses]) -> Iterator[Result]:
    """Find the people of whole images, one image at a time."""
    read = Ahead(frames, QUEUE)
    results = Ahead(((frame, find_poses(frame)) for frame in read), QUEUE)
    with all_closed(results, read):
        yield from results


def cut_all(frames: Iterable[Frame], find_boxes: FindBoxes,
            network: Network) -> Iterator[Task]:
    count = len(network.skeleton.names)
    for frame in frames:
        boxes = find_boxes(frame)
        places = place(np.asarray(boxes.xyxy, np.float32).reshape(-1, 4),
                       network.crop)
        crops = cut(frame.image, places, network.crop)
        yield Task(frame, boxes, places, crops,
                   np.empty((len(crops), count, 2)),
                   np.empty((len(crops), count), np.float32))


def run_all(tasks: Iterable[Task], network: Network,
            batch_size: int) -> Iterator[Result]:
    """Run the network on full batches, and on what there is at the end, of a
    camera, and where too many frames would wait."""
    waiting: Deque[Task] = deque()
    pending = pixels = 0
    for task in tasks:
        waiting.append(task)
        pending += len(task.crops)
        pixels += task.frame.image.nbytes
        while pending >= batch_size:
            pending -= run(waiting, network, batch_size)
        if pending and (is_live(task.frame.source)
                        or pixels > WAITING_BYTES):
            pending -= run(waiting, network, pending)
        while waiting and waiting[0].done == len(waiting[0].crops):
            task = waiting.popleft()
            pixels -= task.frame.image.nbytes
            yield finish(task, network.skeleton, network.crop)
    while pending:
        pending -= run(waiting, network, batch_size)
    for task in waiting:
        yield finish(task, network.skeleton, network.crop)


def run(tasks: Iterable[Task], network: Network, count: int) -> int:
    """Run the network on the next crops, at most so many."""
    shares = []
    for task in tasks:
        share = min(len(task.crops) - task.done, count)
        if share:
            shares.append((task, share))
            count -= share
        if not count:
            break
    crops = [task.crops[task.done:task.done + share]
             for task, share in shares]
    keypoints, scores = network(
        crops[0] if len(crops) == 1 else np.concatenate(crops))
    start = 0
    for task, share in shares:
        own = slice(task.done, task.done + share)
        task.keypoints[own] = keypoints[start:start + share]
        task.scores[own] = scores[start:start + share]
        task.done += share
        start += share
    return start


def finish(task: Task, skeleton: Skeleton, crop: CropSpec) -> Poses:
    """Bring the people of a frame into image pixels."""
    frame, places = task.frame, task.places
    known, count = places.is_known, len(skeleton.names)
    keypoints = np.full((len(known), count, 2), np.nan)
    scores = np.zeros((len(known), count), np.float32)
    keypoints[known] = to_image(
        task.keypoints, Places(*(each[known] for each in places)), crop)
    scores[known] = task.scores
    h, w = frame.image.shape[:2]
    return frame, Poses(
        skeleton, keypoints, scores, task.boxes.xyxy, task.boxes.scores,
        task.boxes.track_ids, frame.source, frame.index, frame.image, (w, h))
