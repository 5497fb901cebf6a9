# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What is evaluated: real annotations and made-up ones, with predictions."""
import json
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional

import numpy as np

PARTS = dict(
    keypoints=17, foot_kpts=6, face_kpts=68, lefthand_kpts=21,
    righthand_kpts=21)
WHOLEBODY = [f'keypoints_{part}' for part in (
    'body', 'foot', 'face', 'lefthand', 'righthand', 'wholebody')]


class Case(NamedTuple):
    """One evaluation.

    Attributes:
        name: Of the case.
        dataset: As in an annotation file.
        results: As in a result file.
        iou_type: What is compared.
        sigmas: Per keypoint; None takes those of COCO.
        use_area: Whether annotations have an area.
        params: What to set of COCOeval's params.
    """

    name: str
    dataset: dict
    results: list
    iou_type: str
    sigmas: Optional[np.ndarray] = None
    use_area: bool = True
    params: dict = {}


def cases(data: Path) -> Iterator[Case]:
    """All cases. What is random is the same each time.

    Args:
        data: Folder with MMPose's test data.
    """
    rng = np.random.default_rng(0)
    for name in ('coco', 'ap10k', 'ochuman'):
        dataset = json.loads((data / name / f'test_{name}.json').read_text())
        results = predictions(dataset, rng, 20)
        for use_area in (True, False):
            yield Case(f'{name} keypoints, use_area {use_area}', dataset,
                       boxless(results), 'keypoints', None, use_area)
        yield Case(f'{name} bbox', dataset, results, 'bbox')
        if 'segmentation' in dataset['annotations'][0]:
            yield Case(f'{name} segm', dataset, results, 'segm')
    boxes = json.loads((data / 'coco/test_coco_det_AP_H_56.json').read_text())
    yield Case('coco detector', json.loads(
        (data / 'coco/test_coco.json').read_text()), boxes, 'bbox')
    dataset = json.loads((data / 'aic/test_aic.json').read_text())
    count = len(dataset['annotations'][0]['keypoints']) // 3
    yield Case('aic keypoints, no area', dataset,
               boxless(predictions(dataset, rng, 20)), 'keypoints',
               sigmas(count, rng), False)
    dataset = json.loads(
        (data / 'coco/test_coco_wholebody.json').read_text())
    yield from wholebody_cases('wholebody', dataset, rng, 20)
    yield from made_up_cases(rng)


def made_up_cases(rng: np.random.Generator) -> Iterator[Case]:
    """2,000 predictions on 150 images; each odd thing alone."""
    people = made_up(rng, 150)
    boxes = predictions(people, rng, 4, 2000)
    results = boxless(boxes)
    for use_area in (True, False):
        yield Case(f'made up keypoints, use_area {use_area}', people, results,
                   'keypoints', None, use_area)
    for iou_type in ('bbox', 'segm'):
        yield Case(f'made up {iou_type}', people, boxes, iou_type)
    yield Case('boxes in results', people, boxes, 'keypoints')
    yield Case('equal scores', people, [
        dict(result, score=round(result['score'], 1)) for result in results
    ], 'keypoints')
    full = made_up(rng, 12)
    yield Case('more than 20 detections', full,
               boxless(predictions(full, rng, 60, 2000)), 'keypoints')
    yield Case('no detections', people, [], 'keypoints')
    yield Case('no people', dict(people, annotations=[]), results,
               'keypoints')
    yield Case('crowds only', dict(people, annotations=[
        dict(annotation, iscrowd=1) for annotation in people['annotations']
    ]), results, 'keypoints')
    no_area = dict(people, annotations=[
        {key: value for key, value in annotation.items() if key != 'area'}
        for annotation in people['annotations']])
    yield Case('no area, keypoints', no_area, results, 'keypoints', None,
               False)
    for use_area in (True, False):
        yield Case(f'no area, bbox, use_area {use_area}', no_area, boxes,
                   'bbox', None, use_area)
    yield Case('some images, other thresholds', people, results, 'keypoints',
               None, True, dict(
                   imgIds=[5, 3, 7, 3, 40, 41, 42], iouThrs=np.array([.3, .5]),
                   maxDets=[3, 20]))
    yield Case('no categories, boxes', people, boxes, 'bbox', None, True,
               dict(useCats=0))
    for use_area in (True, False):
        crowded = made_up(rng, 120, keypoints=14)
        yield Case(f'crowded, use_area {use_area}', crowded,
                   boxless(predictions(crowded, rng, 4, 2000)),
                   'keypoints_crowd', sigmas(14, rng), use_area)
    calm = dict(crowded, images=[dict(image, crowdIndex=.5)
                                 for image in crowded['images']])
    yield Case('crowded, all medium', calm,
               boxless(predictions(calm, rng, 4)), 'keypoints_crowd',
               sigmas(14, rng), False)
    whole = made_up(rng, 60, parts=True)
    yield from wholebody_cases('made up wholebody', whole, rng, 4)


def wholebody_cases(name: str, dataset: dict, rng: np.random.Generator,
                    copies: int) -> Iterator[Case]:
    """Each part of the body, and all; with scores of the parts and without.
    """
    results = boxless(predictions(dataset, rng, copies))
    scored = [dict(result, **{
        f'{part[10:]}_score': rng.random() for part in WHOLEBODY
    }) for result in results]
    spread = sigmas(sum(PARTS.values()), rng)
    cuts = np.cumsum([0, *PARTS.values()])
    for index, iou_type in enumerate(WHOLEBODY):
        part = spread if index == len(PARTS) else spread[
            cuts[index]:cuts[index + 1]]
        for use_area in (True, False):
            yield Case(f'{name} {iou_type}, use_area {use_area}', dataset,
                       results, iou_type, part, use_area)
        yield Case(f'{name} {iou_type}, scored', dataset, scored, iou_type,
                   part)


def sigmas(count: int, rng: np.random.Generator) -> np.ndarray:
    """In float32, as MMPose holds them."""
    return rng.uniform(.02, .11, count).astype(np.float32)


def made_up(rng: np.random.Generator, images: int, keypoints: int = 17,
            parts: bool = False) -> dict:
    """Annotations with everything that is treated in a way of its own.

    One image in five has nobody, some people have no labelled keypoint, some
    are crowds; two categories; ids begin with 0.

    Args:
        rng: Source of chance.
        images: How many.
        keypoints: Per person.
        parts: Whether people have feet, faces and hands too.
    """
    annotations = []
    for image in range(images):
        for _ in range(0 if image % 5 == 4 else rng.integers(1, 7)):
            size = np.exp(rng.uniform(np.log(20), np.log(300)))
            x, y = rng.uniform(0, 300, 2)
            box = [round(float(value), 2) for value in (
                x, y, size * rng.uniform(.4, 1), size)]
            counts = dict(PARTS) if parts else dict(keypoints=keypoints)
            points = {
                part: person(box, count, rng)
                for part, count in counts.items()
            }
            annotations.append(dict(
                id=len(annotations),
                image_id=image,
                category_id=int(rng.integers(1, 3)),
                bbox=box,
                area=round(box[2] * box[3] * rng.uniform(.3, .8), 3),
                iscrowd=int(rng.random() < .08),
                num_keypoints=sum(
                    v == 2 for v in points['keypoints'][2::3]),
                segmentation=[[box[0], box[1], box[0] + box[2], box[1],
                               box[0] + box[2], box[1] + box[3] * .7,
                               box[0] + box[2] / 2, box[1] + box[3]]],
                **points))
    return dict(
        images=[dict(id=image, width=640, height=640,
                     crowdIndex=float(rng.random()))
                for image in range(images)],
        categories=[dict(id=1, name='person', supercategory='one'),
                    dict(id=2, name='people', supercategory='one')],
        annotations=annotations)


def person(box: List[float], count: int, rng: np.random.Generator) -> list:
    """Keypoints within a box, [x, y, visibility, ...]; one in eight people
    has none."""
    points = np.zeros((count, 3))
    if rng.random() < .875:
        points[:, :2] = rng.random((count, 2)) * box[2:] + box[:2]
        points[:, 2] = rng.integers(0, 3, count)
        points[points[:, 2] == 0] = 0
    return points.round(1).ravel().tolist()


def boxless(results: list) -> list:
    """Results with keypoints alone, as CocoMetric writes them."""
    return [{key: value for key, value in result.items() if key != 'bbox'}
            for result in results]


def predictions(dataset: dict, rng: np.random.Generator, copies: int,
                total: Optional[int] = None) -> list:
    """Results near annotations, from good to far off, with boxes.

    Args:
        dataset: Annotations.
        rng: Source of chance.
        copies: Of each annotation.
        total: How many are kept; None keeps all.
    """
    parts = [part for part in PARTS if part in dataset['annotations'][0]]
    results = []
    for annotation in dataset['annotations'] * copies:
        noise = annotation['bbox'][3] * rng.uniform(0, .12)
        result = dict(
            image_id=annotation['image_id'],
            category_id=annotation['category_id'],
            score=float(rng.random()),
            bbox=(annotation['bbox'] +
                  rng.normal(0, noise, 4)).round(2).tolist())
        for part in parts:
            points = np.reshape(annotation[part], (-1, 3)).astype(float)
            points[:, :2] += rng.normal(0, noise, points[:, :2].shape)
            # One in fifty has found nothing.
            points[:, 2] = rng.random(len(points)) * (rng.random() > .02)
            result[part] = points.ravel().round(3).tolist()
        results.append(result)
    order = rng.permutation(len(results))[:total]
    return [results[index] for index in order]
