# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from numbers import Integral
from typing import Any, List, Sequence

import numpy as np

from .finding import WARNING, Finding, describe

REQUIRED = dict(
    images=('id', 'file_name', 'width', 'height'),
    annotations=('id', 'image_id', 'category_id'))
IDS = dict(images=('id', ), annotations=('id', 'image_id', 'category_id'))


def check_structure(content: Any, file: str) -> List[Finding]:
    """Check that a file is COCO-style and that its ids lead somewhere.

    MMPose and its metric look everything up by id: an id as text finds
    nothing, and of two annotations with one id the first is lost.

    Args:
        content: What the file holds.
        file: Its path, for the messages.
    """
    if not isinstance(content, dict) or not all(
            isinstance(content.get(key), list) for key in REQUIRED):
        reason = f' ({content})' if isinstance(content, str) else ''
        return [
            Finding('not-coco', file,
                    'not a COCO-style file, which is a dictionary with the '
                    f"lists 'images' and 'annotations', as UTF-8{reason}")
        ]
    if not isinstance(content.get('categories'), list):
        return [
            Finding('not-coco', file, "has no list 'categories' of "
                    "dictionaries with a whole number as 'id'",
                    "write [{'id': 1, 'name': 'person'}] or those of the file")
        ]
    return check_fields(content, file) or check_ids(content, file)


def check_ids(content: dict, file: str) -> List[Finding]:
    """Check that ids lead somewhere, in a file that check_fields has passed.

    Args:
        content: What the file holds.
        file: Its path, for the messages.
    """
    findings = []
    for key in REQUIRED:
        records = content[key]
        ids = [record['id'] for record in records]
        if len(set(ids)) < len(ids):
            findings += describe(
                'id-repeated', file,
                f'{key} repeat the id of another', records,
                repeated(ids), 'only the last of them would be read; number '
                'them anew')
    names = [image['file_name'] for image in content['images']]
    findings += describe(
        'image-twice', file,
        "images repeat the 'file_name' of another", content['images'],
        repeated(names), 'the people of the one entry are background to the '
        'other; give them one id', severity=WARNING)
    known = {image['id'] for image in content['images']}
    findings += describe(
        'image-unlisted', file,
        'annotations are of an image that the file lacks',
        content['annotations'],
        [ann['image_id'] not in known for ann in content['annotations']],
        'nobody will see them', severity=WARNING)
    return findings


def check_fields(content: dict, file: str) -> List[Finding]:
    """Check that records have their fields and that ids are numbers."""
    findings = []
    for key in REQUIRED:
        findings += describe(
            'entry-form', file,
            f'{key} are not dictionaries', content[key],
            [not isinstance(record, dict) for record in content[key]],
            'take them out')
    if findings:
        return findings
    for key, fields in REQUIRED.items():
        records = content[key]
        for field in fields:
            findings += describe(
                'field-missing', file,
                f"{key} have no '{field}'", records,
                [field not in record for record in records], 'add it')
        for field in IDS[key]:
            findings += describe(
                'id-text', file,
                f"{key} have a '{field}' that is no whole number",
                records,
                [field in record and not is_id(record[field])
                 for record in records],
                'write ids as whole numbers, without quotation marks or '
                'decimal point')
    findings += describe(
        'file-name', file,
        "images have a 'file_name' that is no text", content['images'],
        [not isinstance(image.get('file_name', ''), str)
         for image in content['images']], 'write the path of the file')
    for field in 'width', 'height':
        findings += describe(
            'size-stated', file,
            f"images have a '{field}' that is no positive number",
            content['images'],
            [field in image and not is_positive(image[field])
             for image in content['images']],
            'write the size of the image in pixels')
    return findings + check_category_form(content, file)


def check_category_form(content: dict, file: str) -> List[Finding]:
    """Check that categories, where there are any, can be looked up."""
    categories = content.get('categories', [])
    return describe(
        'category-form', file,
        "categories are no dictionaries with a whole number as 'id'",
        categories, [not is_category(one) for one in categories],
        'write id, name and keypoints of each')


def is_category(value: Any) -> bool:
    return isinstance(value, dict) and is_id(value.get('id'))


def is_id(value: Any) -> bool:
    """Whether a value is a whole number that NumPy holds."""
    return isinstance(value, Integral) and abs(value) < 2**63


def is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and value > 0


def repeated(ids: Sequence) -> np.ndarray:
    """Which ids or names occurred before, shape (len(ids), )."""
    first = np.unique(np.array(ids), return_index=True)[1]
    mask = np.ones(len(ids), dtype=bool)
    mask[first] = False
    return mask
