# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import hashlib
import re
from collections import Counter, defaultdict
from itertools import accumulate
from pathlib import Path, PureWindowsPath
from typing import Dict, List, Optional, Sequence, Tuple

from .fields import are_numbers, check_fields, is_number
from .json_file import AnnotationError

SPLITS = 'train', 'val', 'test'
NUM_KEYPOINTS = 17
# What every record must have.
FIELDS = dict(
    images=dict(id=(int, ), file_name=(str, ), width=(int, ), height=(int, )),
    annotations=dict(id=(int, ), image_id=(int, ), category_id=(int, )),
    categories=dict(id=(int, ), name=(str, )))


def convert_apt36k(
    raw: dict,
    seed: int,
    ratio: Sequence[float],
    images: Optional[Path] = None,
) -> Tuple[Dict[str, dict], Counter]:
    """Repair APT-36K's annotations and split them by video.

    File names become species/clip/frame. All frames of a video go into one
    split, and each species is split by itself: of its videos, in an order
    that the seed decides, the first ones train, the next validate, the rest
    test.

    Args:
        raw: Content of ``apt36k_annotations.json``; is changed.
        seed: Another seed gives another split.
        ratio: Parts of the videos for train, val and test.
        images: Folder of the images. If given, folders that were unpacked
            under another name are found, and missing images left out.

    Returns:
        Split name to COCO dict, and what was repaired: text to number.

    Raises:
        AnnotationError: If the content has another form, or no image is
            there.
    """
    check_content(raw)
    repairs = Counter()
    drop_repeated(raw, repairs)
    repair_names(raw['images'], repairs)
    if images is not None:
        find_folders(raw['images'], images, repairs)
        drop_missing(raw, images, repairs)
    repair_annotations(raw, repairs)
    split_of = split_videos(raw['images'], seed, ratio)
    animals = defaultdict(list)
    for ann in raw['annotations']:
        animals[ann['image_id']].append(ann)
    splits = {
        split: dict(
            info=raw.get('info', {}),
            licenses=raw.get('licenses', raw.get('license', [])),
            images=[],
            annotations=[],
            categories=raw['categories'])
        for split in SPLITS
    }
    for image in raw['images']:
        split = splits[split_of[video_of(image)]]
        split['images'].append(image)
        split['annotations'] += animals[image['id']]
    return splits, repairs


def check_content(raw: dict) -> None:
    """Refuse a file of another form.

    Raises:
        AnnotationError: If so.
    """
    for key, fields in FIELDS.items():
        if not raw.get(key) or not isinstance(raw[key], list):
            raise AnnotationError(f"there are no '{key}'; the published file "
                                  'is apt36k_annotations.json')
        for index, record in enumerate(raw[key]):
            check_fields(record, f'{key}[{index}]', fields)


def drop_repeated(raw: dict, repairs: Counter) -> None:
    """Leave out images that are there twice, and give animals that share an
    id ids of their own.

    Raises:
        AnnotationError: If two images share an id: whose animals are they?
    """
    images = {}
    for image in raw['images']:
        known = images.setdefault(image['id'], image)
        if known['file_name'] != image['file_name']:
            raise AnnotationError(
                f"the images {known['file_name']!r} and "
                f"{image['file_name']!r} share the id {image['id']}")
    repairs['repeated images left out'] = len(raw['images']) - len(images)
    raw['images'] = list(images.values())
    animals = {}
    following = max(ann['id'] for ann in raw['annotations']) + 1
    for ann in raw['annotations']:
        if ann['id'] in animals:
            if animals[ann['id']] == ann:
                repairs['repeated animals left out'] += 1
                continue
            repairs['animals that share an id given another'] += 1
            ann['id'], following = following, following + 1
        animals[ann['id']] = ann
    raw['annotations'] = list(animals.values())


def repair_names(images: List[dict], repairs: Counter) -> None:
    """Cut file names to species/clip/frame.

    Raises:
        AnnotationError: If one is shorter.
    """
    for image in images:
        parts = PureWindowsPath(image['file_name']).parts
        if len(parts) < 3:
            raise AnnotationError(f"the file name {image['file_name']!r} is "
                                  'not species/clip/frame')
        name = '/'.join(parts[-3:])
        repairs['file names cut to species/clip/frame'] += (
            name != image['file_name'])
        image['file_name'] = name


def find_folders(images: List[dict], root: Path, repairs: Counter) -> None:
    """Follow clip folders whose non-ASCII names were unpacked differently.

    The folder that no annotation names and that begins with the same ASCII
    letters is taken, if there is just one.
    """
    named = {tuple(image['file_name'].split('/')[:2]) for image in images}
    found = {}
    for species, clip in named:
        if clip.isascii() or (root / species / clip).is_dir():
            continue
        start = re.match('[\x00-\x7f]*', clip)[0]
        candidates = [
            folder.name for folder in (root / species).glob(f'{start}*')
            if (species, folder.name) not in named and
            not folder.name[len(start):len(start) + 1].isascii()
        ]
        if len(candidates) == 1:
            found[species, clip] = candidates[0]
    repairs['clip folders found under another name'] = len(found)
    for image in images:
        species, clip, frame = image['file_name'].split('/')
        clip = found.get((species, clip), clip)
        image['file_name'] = f'{species}/{clip}/{frame}'


def drop_missing(raw: dict, root: Path, repairs: Counter) -> None:
    """Leave out images that are not there.

    Raises:
        AnnotationError: If none is.
    """
    kept = [image for image in raw['images']
            if (root / image['file_name']).is_file()]
    if not kept:
        raise AnnotationError(
            f"none of the {len(raw['images'])} images is in {root}; the "
            f"first should be {root / raw['images'][0]['file_name']}")
    repairs['missing images left out'] = len(raw['images']) - len(kept)
    raw['images'] = kept


def repair_annotations(raw: dict, repairs: Counter) -> None:
    """Give annotations COCO's keys; leave out those that are none."""
    ids = {image['id'] for image in raw['images']}
    categories = {category['id'] for category in raw['categories']}
    kept = []
    for ann in raw['annotations']:
        if ann['image_id'] not in ids:
            repairs['animals without an image left out'] += 1
            continue
        if ann['category_id'] not in categories:
            repairs['animals of an unknown category left out'] += 1
            continue
        if not are_numbers(ann.get('keypoints'), 3 * NUM_KEYPOINTS) or \
                not are_numbers(ann.get('bbox'), 4):
            repairs['animals without a box or 17 keypoints left out'] += 1
            continue
        if min(ann['bbox'][2:]) <= 0:
            repairs['animals with an empty box left out'] += 1
            continue
        labelled = sum(flag > 0 for flag in ann['keypoints'][2::3])
        if not labelled:
            repairs['animals without a labelled keypoint left out'] += 1
            continue
        if 'is_crowd' in ann:
            repairs['is_crowd renamed iscrowd'] += 1
            ann['iscrowd'] = ann.pop('is_crowd')
        ann['iscrowd'] = int(str(ann.get('iscrowd', 0)) in ('1', 'True'))
        if not is_number(ann.get('area')) or ann['area'] <= 0:
            repairs['areas set to that of the box'] += 1
            ann['area'] = ann['bbox'][2] * ann['bbox'][3]
        if ann.get('num_keypoints') != labelled:
            repairs['num_keypoints counted'] += 1
            ann['num_keypoints'] = labelled
        kept.append(ann)
    if not kept:
        raise AnnotationError('no animal has an image, a box and 17 keypoints;'
                              ' the published file is apt36k_annotations.json')
    raw['annotations'] = kept


def video_of(image: dict) -> Tuple[str, str]:
    """Species and video of an image; a clip is a video if none is named."""
    species, clip, _ = image['file_name'].split('/')
    return species, str(image.get('video_id', clip))


def split_videos(images: List[dict], seed: int,
                 ratio: Sequence[float]) -> Dict[Tuple[str, str], str]:
    """Choose the split of each video, species by species.

    The order is that of SHA-256 of 'seed/species/video': the same with every
    version of everything. Of n videos, train gets the first n * r1 and val
    those up to n * (r1 + r2), both rounded; ratio adds up to 1 here.
    """
    videos = defaultdict(set)
    for image in images:
        species, video = video_of(image)
        videos[species].add(video)
    ends = [part / sum(ratio) for part in accumulate(ratio)]
    split_of = {}
    for species, names in videos.items():
        names = sorted(names, key=lambda video: hashlib.sha256(
            f'{seed}/{species}/{video}'.encode()).digest())
        start = 0
        for split, end in zip(SPLITS, ends):
            stop = round(len(names) * end)
            split_of.update({(species, video): split
                             for video in names[start:stop]})
            start = stop
    return split_of
