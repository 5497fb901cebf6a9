# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest
from mmpose.registry import DATASETS, TRANSFORMS
from PIL import Image

from vitpose_tools.annotations import AnnotationError, convert_aic, write_json


def as_published(coco: dict) -> list:
    """The converted fixture back in AI Challenger's form."""
    published = {0: 3, 1: 2, 2: 1}
    records = []
    for image in coco['images']:
        people = [ann for ann in coco['annotations']
                  if ann['image_id'] == image['id']]
        keypoints, boxes = {}, {}
        for i, ann in enumerate(people, 1):
            points = list(ann['keypoints'])
            points[2::3] = [published[flag] for flag in points[2::3]]
            x, y, w, h = ann['bbox']
            keypoints[f'human{i}'], boxes[f'human{i}'] = points, [
                x, y, x + w, y + h]
        records.append(
            dict(image_id=image['file_name'][:-4], url='',
                 keypoint_annotations=keypoints, human_annotations=boxes))
    return records


@pytest.fixture
def fixture(real_data) -> dict:
    return json.loads((real_data / 'aic' / 'test_aic.json').read_text())


def test_real_annotations_survive_the_round_trip(fixture, real_data):
    coco, left_out = convert_aic(as_published(fixture), real_data / 'aic')

    assert not left_out
    assert [(i['file_name'], i['width'], i['height'])
            for i in coco['images']] == [(i['file_name'], i['width'],
                                          i['height'])
                                         for i in fixture['images']]
    image_ids = {image['id']: image['id'] for image in fixture['images']}
    assert image_ids == {1: 1, 2: 2, 3: 3}
    found = [(a['image_id'], a['bbox'], a['keypoints'], a['num_keypoints'])
             for a in coco['annotations']]
    assert found == sorted(
        ((a['image_id'], a['bbox'], a['keypoints'], a['num_keypoints'])
         for a in fixture['annotations']), key=lambda row: row[0])


def test_the_stock_class_reads_the_result(fixture, real_data, tmp_path):
    coco, _ = convert_aic(as_published(fixture), real_data / 'aic')
    write_json({tmp_path / 'aic.json': coco})
    ours = DATASETS.build(
        dict(type='AicDataset', ann_file=str(tmp_path / 'aic.json')))
    stock = DATASETS.build(
        dict(type='AicDataset',
             ann_file=str(real_data / 'aic' / 'test_aic.json')))

    assert len(ours) == len(stock) == 9
    assert sorted(a['keypoints'].sum() for a in ours) == sorted(
        a['keypoints'].sum() for a in stock)


def test_what_is_not_annotated_is_left_out_and_counted(tmp_path):
    Image.new('RGB', (30, 20)).save(tmp_path / 'here.jpg')
    (tmp_path / 'broken.jpg').write_text('no image')
    good, box = [1, 2, 1] * 14, [0, 0, 9, 9]
    people = dict(human1=good, human2=good, human3=good[:-1], human4=good)
    boxes = dict(human1=box, human3=box, human4=[9, 9, 0, 0])
    records = [
        dict(image_id=name, keypoint_annotations=people,
             human_annotations=boxes) for name in ('here', 'gone', 'broken')
    ]
    seen = []
    coco, left_out = convert_aic(records, tmp_path, lambda: seen.append(1))

    assert len(coco['images']) == len(coco['annotations']) == 1
    assert left_out == {
        'images missing or unreadable': 2,
        'people on them': 8,
        'people without a box or 14 keypoints': 3}
    assert len(seen) == 3


def test_unknown_points_lose_their_place(tmp_path):
    Image.new('RGB', (30, 20)).save(tmp_path / 'a.jpg')
    record = dict(
        image_id='a', human_annotations=dict(human1=[1, 2, 4, 8]),
        keypoint_annotations=dict(
            human1=[5, 6, 1, 5, 6, 2, 5, 6, 3] + [0, 0, 3] * 11))
    person, = convert_aic([record], tmp_path)[0]['annotations']

    assert person['keypoints'][:9] == [5, 6, 2, 5, 6, 1, 0, 0, 0]
    assert person['num_keypoints'] == 2
    assert person['bbox'] == [1, 2, 3, 6]


def test_sizes_are_those_of_the_loader(tmp_path):
    """A camera on its side: EXIF turns the picture by a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (30, 20)).save(tmp_path / 'a.jpg', exif=exif)
    record = dict(image_id='a', human_annotations=dict(h=[1, 2, 4, 8]),
                  keypoint_annotations=dict(h=[5, 6, 1] * 14))
    image, = convert_aic([record], tmp_path)[0]['images']
    loaded = TRANSFORMS.build(dict(type='LoadImage'))(
        dict(img_path=str(tmp_path / 'a.jpg')))

    assert (image['height'], image['width']) == loaded['ori_shape'] == (30, 20)


@pytest.mark.parametrize('points, box', [
    (None, [0, 0, 9, 9]), ([1, 2, 1] * 14, None), ('text', [0, 0, 9, 9]),
    (['1', 2, 1] * 14, [0, 0, 9, 9]), ([1, 2, 1] * 14, [0, None, 9, 9]),
    ([float('nan'), 2, 1] * 14, [0, 0, 9, 9]),
])
def test_people_of_another_form_are_counted(tmp_path, points, box):
    Image.new('RGB', (30, 20)).save(tmp_path / 'a.jpg')
    good = [1, 2, 1] * 14
    record = dict(image_id='a', keypoint_annotations=dict(a=points, b=good),
                  human_annotations=dict(a=box, b=[0, 0, 9, 9]))
    coco, left_out = convert_aic([record], tmp_path)

    assert len(coco['annotations']) == 1
    assert left_out == {'people without a box or 14 keypoints': 1}
    record['keypoint_annotations'].pop('b')
    with pytest.raises(AnnotationError, match='nobody has a box'):
        convert_aic([record], tmp_path)


@pytest.mark.parametrize('record, message', [
    (None, "record 0 is 'None', not a dict"),
    (dict(image_id=None, keypoint_annotations={}, human_annotations={}),
     "record 0 has image_id='None', which should be str or int"),
    (dict(image_id='a', keypoint_annotations=[], human_annotations={}),
     r"record 0 has keypoint_annotations='\[\]', which should be dict"),
])
def test_records_of_another_form_are_named(tmp_path, record, message):
    with pytest.raises(AnnotationError, match=message):
        convert_aic([record], tmp_path)


def test_other_content_is_refused(fixture, tmp_path):
    with pytest.raises(AnnotationError, match='record 0 lacks image_id'):
        convert_aic([dict(image='a.jpg')], tmp_path)
    with pytest.raises(AnnotationError, match='none of the 3 images is in'):
        convert_aic(as_published(fixture), tmp_path)
