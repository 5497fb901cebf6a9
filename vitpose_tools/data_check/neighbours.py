# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from vitpose_mm.datasets.checks import WARNING, Finding
from vitpose_tools.labels.locate import frames_of
from vitpose_tools.labels.split import spacing
from .image_file import ImageFile
from .leakage import counted, example, signs

# Bits of a difference hash in which frames of one camera differ at most, in
# the median; unrelated pictures differ in about 126 of 256.
SAME_PLACE = 108
# Pairs of pictures from which a median is believed.
PAIRS = 8


class Frame(NamedTuple):
    """An image that may be of a video.

    Args:
        number: In the video.
        side: 0 of training, 1 held out.
        row: Among the images of its side.
        sure: Whether the annotation file says that it is of a video.
        picture: Its difference hash, None if there is none.
    """

    number: int
    side: int
    row: int
    sure: bool
    picture: Optional[bytes]


def check_neighbours(train: Sequence[dict], train_facts: Sequence[ImageFile],
                     val: Sequence[dict], val_facts: Sequence[ImageFile],
                     train_file: str, val_file: str) -> List[Finding]:
    """Check that no two neighbours of a video are on both sides of a split.

    Videos are told by the key 'video' of the images, as `vitpose-mm data
    import` writes it, or else by file names that differ in a number alone
    and pictures that are alike. Neighbours are next to each other among the
    labelled frames, and no farther apart than these usually are.

    Args:
        train: Records of the images of training.
        train_facts: What their files are.
        val: Records of the images held out.
        val_facts: What their files are.
        train_file: Path of the one annotation file.
        val_file: Path of the other.
    """
    images = [*train, *val]
    told = frames_of([image['file_name'] for image in images])
    videos: Dict[str, List[Frame]] = {}
    for at, (image, (video, number), fact) in enumerate(
            zip(images, told, [*train_facts, *val_facts])):
        sure, index = image.get('video'), image.get('frame_index')
        number = index if isinstance(index, int) else number
        if number is not None:
            side = int(at >= len(train))
            videos.setdefault(str(sure or video), []).append(
                Frame(number, side, at - side * len(train), bool(sure),
                      fact.picture))
    found: Dict[int, int] = {}
    for frames in videos.values():
        found.update(neighbours(sorted(frames, key=lambda one: one.number)))
    examples = [example(val, row, train[found[row]]) for row in sorted(found)]
    return counted(
        'leak-video', val_file,
        f'images are neighbours in a video of one of {train_file}',
        'neighbours are alike, so a score on them says little about a new '
        'video; hold out whole videos or blocks of frames, as vitpose-mm '
        'data import does', WARNING, examples, len(val))


def neighbours(frames: List[Frame]) -> Dict[int, int]:
    """Rows held out beside a frame of training, to its row.

    Args:
        frames: Of one form of names, by number.
    """
    usual = spacing([frame.number for frame in frames])
    pairs = [(a, b) for a, b in zip(frames, frames[1:])
             if b.number - a.number <= usual]
    if not all(frame.sure for frame in frames):
        pictures = [(a.picture, b.picture) for a, b in pairs
                    if a.picture and b.picture]
        if len(pictures) < PAIRS or differ(pictures) > SAME_PLACE:
            return {}
    found = {}
    for pair in pairs:
        if pair[0].side != pair[1].side:
            held, trained = sorted(pair, key=lambda one: -one.side)
            found[held.row] = trained.row
    return found


def differ(pictures: List[tuple]) -> float:
    """In how many bits pairs of pictures differ, in the median."""
    first, second = (signs(side) for side in zip(*pictures))
    return float(np.median((first.shape[1] - (first * second).sum(1)) / 2))
