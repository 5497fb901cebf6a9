# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which picture is for training and which for validation."""
import random
from collections import Counter
from statistics import median
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from .locate import frames_of, natural
from .records import LabelsError, Picture

SPLITS = ('auto', 'video', 'frame', 'none')
# Blocks that validation has in one video, and the least frames of each.
BLOCKS, FRAMES = 5, 10
LEFT_OUT = 'frames left out between training and validation'


def split_pictures(pictures: List[Picture], how: str, val: float, seed: int
                   ) -> Tuple[Dict[str, List[Picture]], str, Counter]:
    """Share pictures out.

    Args:
        pictures: All of them.
        how: 'auto' keeps the source's own split where it has one; else it
            does as 'video' where there are two videos or more, and takes
            blocks of neighbouring frames where there is one. 'video' keeps
            the pictures of a video together, 'frame' draws each by itself,
            'none' trains on all.
        val: Part for validation, between 0 and 1.
        seed: Another seed, another split.

    Returns:
        Name of the split to pictures; how it was made, in words; what was
        left out, by reason.

    Raises:
        LabelsError: If there is too little to split.
    """
    if how == 'none':
        return dict(train=pictures), 'none', Counter()
    if how == 'auto':
        kept = {name: [picture for picture in pictures
                       if picture.split == name]
                for name in ('train', 'val', 'test')}
        rest = kept['train'] + kept['val']
        if kept['train'] and kept['val']:
            return ({name: part for name, part in kept.items() if part},
                    'the one of the source', Counter())
        if kept['test'] and rest:
            # Who has kept pictures for a test trains on none of them.
            parts, words, left_out = split_pictures(
                rest, 'auto', val, seed)
            return dict(parts, test=kept['test']), words, left_out
    if len(pictures) < 2:
        raise LabelsError(
            f'{len(pictures)} labelled picture cannot be split into training '
            'and validation; label more, or put it into training with '
            '--split none')
    videos: Dict[str, List[Picture]] = {}
    frames = tell_frames(pictures)
    for picture, (video, _) in zip(pictures, frames):
        videos.setdefault(video, []).append(picture)
    if how == 'video' and len(videos) < 2:
        raise LabelsError(
            'all labelled pictures are of one video, so --split video has '
            'nothing to hold out; --split auto holds out blocks of its frames')
    number = min(max(1, round(val * len(pictures))), len(pictures) - 1)
    rng = random.Random(seed)
    if how == 'frame':
        chosen = set(rng.sample(range(len(pictures)), number))
        return divide(pictures, chosen, set()), 'single frames', Counter()
    if len(videos) > 1:
        return by_video(videos, number, rng)
    ordered = sorted(
        zip(pictures, (index for _, index in frames)),
        key=lambda one: (-1 if one[1] is None else one[1],
                         natural(one[0].name)))
    return by_block(*zip(*ordered), number, rng)


def tell_frames(pictures: List[Picture]
                ) -> List[Tuple[str, Optional[int]]]:
    """Video and number of each picture: the source's, else by its name, in
    which the folder of the source's split tells nothing."""
    names = [picture.name[len(picture.split) + 1:]
             if picture.split and picture.name.startswith(f'{picture.split}/')
             else picture.name for picture in pictures]
    return [(picture.video or video, number if picture.frame_index is None
             else picture.frame_index)
            for picture, (video, number) in zip(pictures, frames_of(names))]


def spacing(numbers: Iterable[Optional[int]]) -> int:
    """How far labelled frames of a video usually are apart; 0 if unknown.

    Args:
        numbers: Of the frames, in ascending order.
    """
    known = [number for number in numbers if number is not None]
    apart = [b - a for a, b in zip(known, known[1:]) if b > a]
    return int(median(apart)) if apart else 0


def divide(pictures: List[Picture], chosen: set, left_out: set
           ) -> Dict[str, List[Picture]]:
    """Put those at the chosen indices into validation."""
    parts: Dict[str, List[Picture]] = dict(train=[], val=[])
    for index, picture in enumerate(pictures):
        if index not in left_out:
            parts['val' if index in chosen else 'train'].append(picture)
    return parts


def by_video(videos: Dict[str, List[Picture]], number: int,
             rng: random.Random
             ) -> Tuple[Dict[str, List[Picture]], str, Counter]:
    """Hold out the videos whose frames come nearest to ``number``, taken in
    an order that is drawn."""
    names = sorted(videos)
    rng.shuffle(names)
    chosen, held = [], 0
    for name in names:
        size = len(videos[name])
        if len(chosen) < len(names) - 1 and (
                abs(held + size - number) < abs(held - number)):
            chosen.append(name)
            held += size
    if not chosen:
        chosen = [min(names, key=lambda name: len(videos[name]))]
    parts = dict(train=[], val=[])
    for name, pictures in videos.items():
        parts['val' if name in chosen else 'train'] += pictures
    return parts, f'{len(chosen)} of {len(names)} videos', Counter()


def by_block(pictures: Sequence[Picture], indices: Sequence[Optional[int]],
             number: int, rng: random.Random
             ) -> Tuple[Dict[str, List[Picture]], str, Counter]:
    """Hold out blocks of neighbouring frames of one video. Training frames
    beside a block, and those as near to it as labelled frames usually are,
    are left out, so that no two neighbours are on both sides.

    Args:
        pictures: In the order of the video.
        indices: Their numbers in it.
        number: How many to hold out.
        rng: Draws where the blocks begin.
    """
    usual = spacing(indices)
    total = len(pictures)
    blocks = max(1, min(BLOCKS, number // FRAMES, 1 + (total - number) // 3))
    sizes = [number // blocks + (block < number % blocks)
             for block in range(blocks)]
    # Between the blocks, and before and behind them, runs of training frames:
    # cut at random, each inner one with at least three.
    spare = total - number - 3 * (blocks - 1)
    cuts = sorted(rng.randint(0, spare) for _ in range(blocks))
    chosen, left_out, start, last = set(), set(), 0, 0
    for size, cut in zip(sizes, cuts):
        start += cut - last + (3 if chosen else 0)
        last = cut
        chosen.update(range(start, start + size))
        left_out.update(beside(indices, start, start + size, usual))
        start += size
    left_out -= chosen
    words = f'{blocks} {"block" if blocks == 1 else "blocks"} of one video'
    if len(chosen) + len(left_out) >= total:
        # So few that nothing would be left for training.
        chosen, left_out = set(range(total - number, total)), set()
        if total - number > 1:
            left_out = {total - number - 1}
        else:
            words += '; too few frames to leave out a neighbour'
    parts = divide(pictures, chosen, left_out)
    return parts, words, Counter({LEFT_OUT: len(left_out)})


def beside(indices: Sequence[Optional[int]], start: int, end: int,
           usual: int) -> Iterable[int]:
    """Places beside a block of places: one on each side, and on as long as
    their frames are within ``usual`` of the block's ends."""
    for edge, step in ((start, -1), (end - 1, 1)):
        at = edge + step
        while 0 <= at < len(indices) and (
                at == edge + step or None not in (indices[at], indices[edge])
                and abs(indices[at] - indices[edge]) <= usual):
            yield at
            at += step
