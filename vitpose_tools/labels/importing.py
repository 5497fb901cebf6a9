# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Labels of any tool become COCO keypoint files with their pictures."""
import hashlib
from collections import Counter
from pathlib import Path
from typing import Callable, ContextManager, Dict, List, Optional

import numpy as np

from .coco_out import Kept, coco_file
from .folder import (IMAGES, NOTE, difference, dump, is_whole, replace_folder,
                     what_is_in)
from .images import Names, bring
from .records import Labels, LabelsError, Picture
from .sources import read_source
from .split import split_pictures

# Raise it when the same labels begin to give other files.
IMPORTING = 2
Progress = Callable[[str, int], ContextManager[Callable[[], None]]]


def import_labels(source: Path, out: Path, split: str, val: float, seed: int,
                  boxes: str, margin: float, copy: bool, overwrite: bool,
                  category: Optional[str], images: Optional[Path],
                  progress: Progress) -> dict:
    """Write OUT/images, train.json, val.json and import.json.

    Args:
        source: File or folder of labels.
        out: Folder, made if missing. It appears whole or not at all.
        split: See split_pictures.
        val: Part of the pictures for validation, between 0 and 1.
        seed: Of the split.
        boxes: 'auto' keeps the source's and makes the others from keypoints,
            'keypoints' makes all from keypoints, 'image' takes the whole
            picture.
        margin: Of a box from keypoints on each side, in parts of its longer
            side.
        copy: Copy pictures instead of linking them.
        overwrite: Replace another import in ``out``.
        category: Of a source that has several (a COCO file's category, a
            class of Ultralytics, a skeleton of SLEAP); None where it has one.
        images: Where the pictures are, if not beside the labels.
        progress: See vitpose_tools.progress.

    Returns:
        The summary, as in OUT/import.json; ``written`` is False if ``out``
        held this very import already.

    Raises:
        LabelsError: If the labels cannot be used, or ``out`` holds anything
            else.
        OSError: If the disk refuses.
    """
    labels = read_source(source, category, images)
    if not labels.pictures:
        raise LabelsError(f'{source} holds no labelled picture{why(labels)}')
    request = dict(
        source=str(source.absolute()), split=split, val=val, seed=seed,
        boxes=boxes, margin=margin, copy=copy, category=category,
        images=None if images is None else str(images.absolute()),
        importing=IMPORTING, labels=fingerprint(labels))
    held = what_is_in(out)
    same = held is not None and held['request'] == request
    if same and is_whole(out):
        return dict(held['summary'], written=False)
    if held is not None and not same and not overwrite:
        raise LabelsError(
            f'{out} already holds another import ({difference(held, request)}'
            '); choose an empty folder, or replace it with --overwrite')
    summary: dict = {}

    def write(folder: Path) -> None:
        kept = bring_all(labels, folder / IMAGES, copy, progress)
        if not kept:
            raise LabelsError(
                f'{source}: no labelled picture can be used{why(labels)}')
        parts, how, left_out = split_pictures(
            [one.picture for one in kept], split, val, seed)
        labels.skipped.update(left_out)
        by_picture = {id(one.picture): one for one in kept}
        made, brought, files = Counter(), Counter(), {}
        for name, pictures in parts.items():
            members = [by_picture.pop(id(picture)) for picture in pictures]
            brought.update(one.how for one in members)
            content = coco_file(labels, members, boxes, margin, made, kept)
            dump(folder / f'{name}.json', content)
            files[name] = dict(images=len(content['images']),
                               annotations=len(content['annotations']))
        for one in by_picture.values():
            (folder / IMAGES / one.file_name).unlink()
        summary.update(
            source=str(source), out=str(out), format=labels.format,
            category=labels.category, keypoints=labels.keypoints,
            skeleton=[[labels.keypoints[i] for i in pair]
                      for pair in labels.skeleton],
            files=files, split=how, val=val, seed=seed, boxes=dict(made),
            margin=margin, images=dict(brought),
            skipped=positive(labels.skipped), notes=positive(labels.notes))
        dump(folder / NOTE, dict(request=request, summary=summary))

    replace_folder(out, write)
    return dict(summary, written=True)


def bring_all(labels: Labels, folder: Path, copy: bool, progress: Progress
              ) -> List[Kept]:
    """Bring every picture that has labels, and count those that cannot be.
    """
    names, kept = Names(labels.pictures), []
    with progress('Bringing pictures', len(labels.pictures)) as advance:
        for picture in labels.pictures:
            one = bring_one(labels, picture, folder, names, copy)
            if one is not None:
                kept.append(one)
            advance()
    return kept


def bring_one(labels: Labels, picture: Picture, folder: Path, names: Names,
              copy: bool) -> Optional[Kept]:
    """Bring a picture if it and its labels are whole."""
    if picture.path is None and picture.frame is None:
        labels.skipped['pictures not found'] += 1
        return None
    labelled = [one for one in picture.instances
                if (one.keypoints[:, 2] > 0).any()]
    labels.skipped['instances without a labelled keypoint'] += (
        len(picture.instances) - len(labelled))
    if not labelled:
        labels.skipped['pictures without labels'] += 1
        return None
    file_name = names.name(picture)
    brought = bring(picture, folder / file_name, copy)
    if brought is None:
        labels.skipped['pictures that cannot be read'] += 1
        return None
    size, how = brought
    if picture.size is not None and tuple(picture.size) != size:
        labels.notes['pictures of another size than the labels state'] += 1
    instances = []
    for one in labelled:
        scale = size if picture.relative else (1, 1)
        keypoints = np.array(one.keypoints, float)
        keypoints[:, :2] *= scale
        inside = ((keypoints[:, :2] >= 0) & (keypoints[:, :2] <= size)).all(1)
        lost = ~inside & (keypoints[:, 2] > 0)
        labels.skipped['keypoints outside their picture'] += int(lost.sum())
        keypoints[~inside | (keypoints[:, 2] <= 0)] = 0
        if not keypoints.any():
            labels.skipped['instances outside their picture'] += 1
            continue
        bbox = one.bbox
        if bbox is not None:
            bbox = tuple(float(value * scale[axis % 2])
                         for axis, value in enumerate(bbox))
        instances.append((keypoints, bbox, one.name))
    if not instances:
        (folder / file_name).unlink()
        labels.skipped['pictures without labels'] += 1
        return None
    return Kept(picture, file_name, size, how, instances)


def positive(counter: Counter) -> Dict[str, int]:
    """Without what never happened."""
    return {reason: number for reason, number in counter.items() if number}


def why(labels: Labels) -> str:
    """What was skipped, as the end of a sentence."""
    reasons = [f'{number} {reason}'
               for reason, number in positive(labels.skipped).items()]
    text = f' ({", ".join(reasons)})' if reasons else ''
    if labels.skipped['pictures not found']:
        missing = [picture.name for picture in labels.pictures
                   if picture.path is None and picture.frame is None]
        text += (f'; {missing[0]!r} is the first that was not found: say '
                 'where the pictures are with --images')
    return text


def fingerprint(labels: Labels) -> str:
    """Changes when the labels do, or which pictures were found."""
    digest = hashlib.sha256()
    for path in labels.files:
        digest.update(path.read_bytes())
    for picture in labels.pictures:
        digest.update(f'{picture.name}\0{picture.path}\0'.encode(
            errors='surrogateescape'))
    return digest.hexdigest()
