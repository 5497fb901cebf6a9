# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Sequence

import numpy as np

from vitpose_mm.datasets.checks import ERROR, NOTE, WARNING, Example, Finding
from vitpose_mm.datasets.checks.finding import EXAMPLES
from .image_file import HASH, ImageFile

# Bits of HASH * HASH in which two pictures of the same differ at most. Of
# unrelated ones about half differ; neighbouring frames of a fixed camera
# differ in 70 and more where something moves.
NEAR = 24
# Hashes of held-out images compared at once with all of training.
CHUNK = 64


def check_repeated(images: Sequence[dict], facts: Sequence[ImageFile],
                   file: str) -> List[Finding]:
    """Check that no file is listed twice, and no picture is there twice.

    Args:
        images: Records of the images.
        facts: What their files are.
        file: Path of the annotation file, for the messages.
    """
    names: Dict[str, int] = {}
    digests: Dict[bytes, int] = {}
    listed, copies = [], []
    for row, (image, fact) in enumerate(zip(images, facts)):
        first = names.setdefault(image['file_name'], row)
        if first != row:
            listed.append(example(images, row, images[first]))
        elif fact.digest:
            first = digests.setdefault(fact.digest, row)
            if first != row:
                copies.append(example(images, row, images[first]))
    return counted(
        'image-repeated', file, 'images are listed before, with another id',
        'people of the one are background in the other; give them one id',
        WARNING, listed, len(images)) + counted(
        'image-copy', file, 'images are the copy of another file',
        'remove one of the two', NOTE, copies, len(images))


def check_leakage(train: Sequence[dict], train_facts: Sequence[ImageFile],
                  val: Sequence[dict], val_facts: Sequence[ImageFile],
                  train_file: str, val_file: str) -> List[Finding]:
    """Check that no picture is on both sides of a split.

    Args:
        train: Records of the images of training.
        train_facts: What their files are.
        val: Records of the images held out.
        val_facts: What their files are.
        train_file: Path of the one annotation file.
        val_file: Path of the other.
    """
    digests = {fact.digest: row for row, fact in enumerate(train_facts)
               if fact.digest}
    same, seen = [], []
    for row, fact in enumerate(val_facts):
        if fact.digest in digests:
            same.append(
                example(val, row, train[digests[fact.digest]]))
        elif fact.picture is not None:
            seen.append(row)
    near = [
        example(val, row, train[other], f' ({distance} of {HASH**2} bits)')
        for row, (other, distance) in zip(
            seen, nearest([val_facts[row].picture for row in seen],
                          train_facts)) if distance <= NEAR
    ]
    cure = ('a score on them says nothing about new pictures; leave each '
            'picture, and each video, on one side')
    return counted(
        'leak-file', val_file, f'images are files of {train_file}, too',
        cure, ERROR, same, len(val)) + counted(
        'leak-picture', val_file,
        f'images show all but the same as one of {train_file}', cure,
        WARNING, near, len(val))


def nearest(pictures: Sequence[bytes],
            facts: Sequence[ImageFile]) -> List[tuple]:
    """For each hash, the row of the nearest of others, and in how many bits
    they differ."""
    rows = [row for row, fact in enumerate(facts) if fact.picture is not None]
    if not rows or not pictures:
        return [(0, HASH**2)] * len(pictures)
    others = signs([facts[row].picture for row in rows])
    found = []
    for start in range(0, len(pictures), CHUNK):
        agree = signs(pictures[start:start + CHUNK]) @ others.T
        best = agree.argmax(1)
        found += [(rows[index], int(HASH**2 - row[index]) // 2)
                  for index, row in zip(best.tolist(), agree)]
    return found


def signs(pictures: Sequence[bytes]) -> np.ndarray:
    """Bits as -1 and 1, (N, HASH * HASH): the product of two counts in how
    many they agree."""
    bits = np.unpackbits(
        np.frombuffer(b''.join(pictures), np.uint8)).reshape(
            len(pictures), -1)
    return bits.astype(np.float32) * 2 - 1


def example(images: Sequence[dict], row: int, other: dict,
            more: str = '') -> Example:
    """An image that is another one."""
    image = images[row]
    return Example(row, image['id'], file_name=image['file_name'],
                   said=f'{image["file_name"]} as {other["file_name"]} of '
                   f'image {other["id"]!r}{more}')


def counted(kind: str, where: str, what: str, cure: str, severity: str,
            examples: List[Example], total: int) -> List[Finding]:
    """One finding of some examples, or none."""
    if not examples:
        return []
    return [Finding(kind, where, what, cure, severity, len(examples), total,
                    tuple(examples[:EXAMPLES]))]
