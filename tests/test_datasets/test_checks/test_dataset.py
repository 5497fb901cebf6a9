# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Each fault is put into real annotations and must be found, by name."""
import copy
import json
import math
import re

import numpy as np
import pytest
from mmpose.registry import DATASETS, METRICS

from vitpose_mm.datasets.checks import DatasetCheck

CLEAN = dict(
    CocoDataset='coco/test_coco.json',
    AicDataset='aic/test_aic.json',
    MpiiDataset='mpii/test_mpii.json',
    OCHumanDataset='ochuman/test_ochuman.json',
    AP10KDataset='ap10k/test_ap10k.json',
    APT36KDataset='ap10k/test_ap10k.json',
    CocoWholeBodyDataset='coco/test_coco_wholebody.json')
PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='PackPoseInputs')
]


@pytest.mark.parametrize('kind', CLEAN)
def test_published_files_are_not_accused(real_data, kind):
    file = CLEAN[kind]
    dataset = DATASETS.build(
        dict(
            type=kind,
            data_root=str(real_data),
            ann_file=file,
            data_prefix=dict(img=file.split('/')[0]),
            pipeline=PIPELINE,
            test_mode=True))
    metrics = []
    if kind != 'MpiiDataset':
        metrics = [METRICS.build(
            dict(
                type='CocoWholeBodyMetric'
                if 'WholeBody' in kind else 'CocoMetric',
                ann_file=str(real_data / file),
                use_area=kind != 'AicDataset'))]
    assert DatasetCheck()(dataset, metrics) == []


def test_published_detections_are_not_accused(check, coco, real_data):
    boxes = json.loads(
        (real_data / 'coco/test_coco_det_AP_H_56.json').read_text())
    assert check(coco, {}, boxes) == []


def person(coco: dict) -> dict:
    """The first annotation with labelled keypoints."""
    return next(ann for ann in coco['annotations'] if ann['num_keypoints'])


def with_nan(coco):
    ann = person(coco)
    index = np.flatnonzero(np.array(ann['keypoints'][2::3]) > 0)[0]
    ann['keypoints'][3 * index] = math.nan


def with_null(coco):
    with_nan(coco)
    ann = person(coco)
    ann['keypoints'] = [None if value != value else value
                        for value in ann['keypoints']]


def all_people(**values):

    def change(coco):
        for ann in coco['annotations']:
            ann.update(values)

    return change


def one(key, value):
    return lambda coco: person(coco).update({key: value})


def without(key):
    return lambda coco: person(coco).pop(key)


def text_ids(coco):
    for image in coco['images']:
        image['id'] = str(image['id'])
    for ann in coco['annotations']:
        ann['image_id'] = str(ann['image_id'])


def one_text_id(coco):
    person(coco)['image_id'] = str(person(coco)['image_id'])


def same_id(coco):
    coco['annotations'][3]['id'] = coco['annotations'][0]['id']


def stray(coco):
    person(coco)['image_id'] = 99


def exchanged(coco):
    for image in coco['images']:
        image.update(width=image['height'], height=image['width'])


def fewer_keypoints(coco):
    person(coco)['keypoints'] = person(coco)['keypoints'][:-3]


def text_keypoint(coco):
    person(coco)['keypoints'][0] = '1'


def nobody(coco):
    for ann in coco['annotations']:
        ann.update(keypoints=[0] * 51, num_keypoints=0)


def no_width(coco):
    del coco['images'][0]['width']


def no_categories(coco):
    coco['categories'] = []


def without_categories(coco):
    del coco['categories']


def twice(coco):
    coco['images'].append(dict(coco['images'][0], id=999))


def keypoint_flag(value):

    def change(coco):
        person(coco)['keypoints'][2] = value

    return change


@pytest.mark.parametrize('change, message', [
    (with_nan, 'people.json: 1 of 14 people have a labelled keypoint.*NaN'),
    (with_null, '1 of 14 people have a labelled keypoint.*null'),
    (keypoint_flag(-1), '1 of 14 people have a keypoint whose v is negative'),
    (one('iscrowd', '0'), "1 of 14 people have an 'iscrowd' that is not 0"),
    (one('num_keypoints', 0), "1 of 14 people have 'num_keypoints' 0 though"),
    (without('bbox'), "1 of 14 people have keypoints but no 'bbox'"),
    (one('bbox', [1, 2, 3]), "1 of 14 people have a 'bbox' that is not four"),
    (one('bbox', [1, 2, 3, math.nan]), "'bbox' that is not four numbers"),
    (text_ids, "4 of 4 images have a 'id' that is no whole number"),
    (one_text_id, "1 of 14 annotations have a 'image_id' that is no whole"),
    (same_id, '1 of 14 annotations repeat the id'),
    (exchanged, '4 of 4 images that were looked at have another size'),
    (fewer_keypoints, '1 of 14 people have 16 keypoints .*metainfo has 17'),
    (text_keypoint, "1 of 14 people have something in 'keypoints' that is no"),
    (nobody, 'none of its 14 annotations is a person.*14 have keypoints, 0'),
    (no_width, "1 of 4 images have no 'width'"),
    (one('bbox', [1., 2., 3., math.inf]), "'bbox' that is not four numbers"),
    (one('keypoints', None), "1 of 14 annotations have 'keypoints' that are "
     'null or empty'),
    (one('keypoints', []), "1 of 14 annotations have 'keypoints' that are"),
    (keypoint_flag(.3), '1 of 14 people have a keypoint with v between 0'),
    (without_categories, "people.json: has no list 'categories'"),
])
@pytest.mark.parametrize('data_mode', ('topdown', 'bottomup'))
def test_faults_are_refused_by_field_file_and_count(
        check, coco, change, message, data_mode):
    if change is nobody and data_mode == 'bottomup':
        pytest.skip('pictures without anybody are bottom-up data')
    coco = copy.deepcopy(coco)
    change(coco)
    refused = [finding.text for finding in check(coco, data_mode=data_mode)
               if finding.refused]
    assert len(refused) >= 1
    assert re.search(message, refused[0])
    if change in (with_nan, same_id):
        assert 'for example annotation' in refused[0]


def test_exchanged_sizes_are_told_without_the_images(check, coco):
    coco = copy.deepcopy(coco)
    exchanged(coco)
    findings = check(coco, images='/nowhere')
    finding, = [each for each in findings if each.kind == 'box-turned']
    assert finding.refused
    assert "only if 'width' and 'height' are exchanged" in finding.text


@pytest.mark.parametrize('change, message', [
    (stray, '1 of 14 annotations are of an image that the file lacks'),
    (keypoint_flag(3), '1 of 14 people have a keypoint with v > 2'),
    (one('num_keypoints', 3), "1 of 14 people have a 'num_keypoints' that"),
    (one('bbox', [9., 9., 0., 5.]), "a 'bbox' without width or height"),
    (one('bbox', [600., 400., 90., 90.]), 'reaches beyond the image'),
    (twice, "1 of 5 images repeat the 'file_name' of another"),
])
def test_what_may_be_meant_is_a_warning(check, coco, change, message):
    coco = copy.deepcopy(coco)
    change(coco)
    findings = check(coco)
    assert not any(finding.refused for finding in findings)
    assert message in ' '.join(finding.text for finding in findings)


@pytest.mark.parametrize('change, metric, message', [
    (all_people(area=0), {}, "12 of 14 people have an 'area' that is not"),
    (one('area', 0), {}, "1 of 14 people have an 'area' that is not"),
    (one('area', math.nan), {}, "1 of 14 people have an 'area' that is not"),
    (without('area'), {}, "1 of 14 people have no 'area'.*use_area=False"),
    (no_categories, {}, "14 of 14 people have a 'category_id' that is not"),
    (one('category_id', 7), {}, "1 of 14 people have a 'category_id' that"),
    (lambda coco: None, dict(iou_type='keypoints_crowd', use_area=False),
     "4 of 4 images have no 'crowdIndex'"),
])
def test_metrics_refuse_ground_truth_that_they_misread(
        check, coco, change, metric, message):
    coco = copy.deepcopy(coco)
    change(coco)
    assert check(coco) == []
    finding, = check(coco, metric)
    assert finding.refused
    assert re.search(message, finding.text)


@pytest.mark.parametrize('change', (all_people(area=0), without('area')))
def test_areas_are_not_needed_where_the_metric_does_not_use_them(
        check, coco, change):
    coco = copy.deepcopy(coco)
    change(coco)
    assert check(coco, dict(use_area=False)) == []


def test_a_slip_of_a_large_benchmark_is_a_warning(check, coco):
    """200 people of whom one has no area."""
    ann = person(coco)
    coco = dict(coco, annotations=[
        dict(ann, id=index, area=0 if index == 7 else 9.)
        for index in range(200)
    ])
    finding, = [each for each in check(coco, {}) if each.kind == 'area']
    assert not finding.refused and '1 of 200' in finding.text


def boxes_of(coco, **values):
    return [{
        **dict(
            image_id=ann['image_id'],
            category_id=1,
            bbox=ann['bbox'],
            score=.9),
        **values
    } for ann in coco['annotations']]


@pytest.mark.parametrize('values, message, refused', [
    (dict(image_id=139), '14 of 14 detections are of an image that', True),
    (dict(image_id='785'), '14 of 14 detections are of an image that', True),
    (dict(category_id=3), '14 of 14 detections are of a category other',
     True),
    (dict(bbox=[1, 2]), "14 of 14 detections have a 'bbox' that is not four",
     True),
    (dict(bbox=None), "14 of 14 detections have a 'bbox' that is not four",
     True),
    (dict(bbox=[1, 2, math.inf, 4]), "'bbox' that is not four", True),
    (dict(score=math.nan), "14 of 14 detections have a 'score' that is no",
     True),
    (dict(score='0.9'), "14 of 14 detections have a 'score' that is no", True),
    (dict(image_id=[785]), '14 of 14 detections are of an image that', True),
    (dict(bbox=[.1, .1, .5, .5]), 'between 0 and 1, as shares', True),
    (dict(bbox=[500, 300, 600, 400]), "14 of 14 detections have a 'bbox' that "
     'reaches beyond', True),
    (dict(bbox=[1, 2, 0, 4]), "14 of 14 detections have a 'bbox' without",
     False),
])
def test_detections_of_something_else_are_found(
        check, coco, values, message, refused):
    findings = check(coco, detections=boxes_of(coco, **values))
    assert message in findings[-1 if 'category' in message else 0].text
    assert any(finding.refused for finding in findings) == refused


def test_images_without_a_detection_are_counted(check, coco):
    image = person(coco)['image_id']
    boxes = [box for box in boxes_of(coco) if box['image_id'] != image]
    finding, = check(coco, detections=boxes)
    assert not finding.refused
    assert f'1 of 4 images with annotated people have no detection' \
        f' of category 1 (for example image {image})' in finding.text


def test_a_missing_detection_file_names_the_switch(check, coco):
    finding, = check(coco, bbox_file='/nowhere/COCO_val2017.json')
    assert 'no such detection file' in finding.text
    assert 'test_dataloader.dataset.bbox_file=None' in finding.text


def test_species_are_missed_by_detections_and_whole_images(
        check, coco, real_data):
    """AP-10K's annotations have 50 categories, a detection has none."""
    animals = json.loads((real_data / 'ap10k/test_ap10k.json').read_text())
    options = dict(kind='AP10KDataset', metric={})
    assert check(animals, **options) == []
    for extra in dict(detections=boxes_of(animals)), dict(
            data_mode='bottomup'):
        finding, = check(animals, **options, **extra)
        assert '1 of 2 people have a category_id other than 1' in finding.text


def test_metric_of_other_images_is_refused(check, coco):
    moved = copy.deepcopy(coco)
    for record in moved['images']:
        record['id'] += 1
    for record in moved['annotations']:
        record['image_id'] += 1
    finding, = check(coco, {}, truth=moved)
    assert finding.refused
    assert 'lacks 4 of the 4 images' in finding.text
    fewer = dict(coco, images=coco['images'][:3], annotations=[
        ann for ann in coco['annotations']
        if ann['image_id'] != coco['images'][3]['id']])
    finding, = check(fewer, {}, truth=coco)
    assert not finding.refused and 'has 1 images that' in finding.text


@pytest.mark.parametrize('mask', [
    [1, 2, 3, 4, 5, 6], [[1, 2, 'a', 4, 5, 6]], dict(size=[4, 5]), 'x'])
def test_what_is_no_mask_is_refused_where_it_is_used(check, coco, mask):
    coco = copy.deepcopy(coco)
    coco['annotations'][-1]['segmentation'] = mask
    pipeline = [dict(type='BottomupGetCrowdMask')]
    assert check(coco, data_mode='bottomup') == []
    finding, = check(coco, data_mode='bottomup', pipeline=pipeline)
    assert "1 of 14 annotations have a 'segmentation' that is neither" in \
        finding.text


def test_masks_of_another_size_are_refused_where_they_are_used(check, coco):
    coco = copy.deepcopy(coco)
    coco['annotations'][-1]['segmentation'] = dict(size=[4, 5], counts=[20])
    pipeline = [dict(type='BottomupGetCrowdMask')]
    assert check(coco, data_mode='bottomup') == []
    finding, = check(coco, data_mode='bottomup', pipeline=pipeline)
    assert "1 of 14 annotations have a 'segmentation' of another" in \
        finding.text


@pytest.mark.parametrize('size, flip, refused', [
    ((512, 384), 'RandomFlip', 1),
    ((512, 512), 'RandomFlip', 0),
    ((512, 384), 'BottomupRandomFlip', 0),
])
def test_a_flip_about_another_axis_is_refused(check, coco, size, flip,
                                              refused):
    findings = check(coco, data_mode='bottomup', pipeline=[
        dict(type='BottomupRandomAffine', input_size=size), dict(type=flip)
    ])
    assert [finding.refused for finding in findings] == [True] * refused


def metainfo(**changes):
    names = 'nose', 'left', 'right'
    return {
        **dict(
            dataset_name='mine',
            keypoint_info={
                index: dict(name=name, type='upper', swap=dict(
                    left='right', right='left').get(name, ''))
                for index, name in enumerate(names)
            },
            skeleton_info={},
            joint_weights=[1.] * 3,
            sigmas=[.05] * 3),
        **changes
    }


@pytest.mark.parametrize('changes, metric, message', [
    (dict(sigmas=[]), {}, "OKS needs 3 positive 'sigmas'.*not \\[\\]"),
    (dict(sigmas=[.1, 0., .1]), {}, "OKS needs 3 positive 'sigmas'"),
    (dict(sigmas=[]), None, None),
    (dict(keypoint_info={
        0: dict(name='nose', swap='left'),
        1: dict(name='left', swap='right'),
        2: dict(name='right', swap='left')
    }), None, "1 of 3 keypoints have a one-sided 'swap'.*'nose'.*'left'"),
])
def test_metainfo_is_checked(check, coco, changes, metric, message):
    coco = copy.deepcopy(coco)
    for ann in coco['annotations']:
        ann['keypoints'] = ann['keypoints'][:9]
        ann['num_keypoints'] = sum(v > 0 for v in ann['keypoints'][2::3])
    findings = check(coco, metric, metainfo=metainfo(**changes))
    if message is None:
        assert findings == []
    else:
        finding, = findings
        assert re.search(message, finding.text)


@pytest.mark.parametrize('content, reason', [
    ('[]', ''), ('{"images": []}', ''), ('{"images', 'no JSON: Unterm'),
    ('{}\n{}', 'no JSON: Extra data'), ('\ufeff{}', 'UTF-8 BOM')])
def test_other_files_are_called_so(check, content, reason):
    finding, = check(content)
    assert 'not a COCO-style file' in finding.text
    assert reason in finding.text


def test_mpii_is_checked_by_what_was_read(real_data, tmp_path):
    people = json.loads((real_data / 'mpii/test_mpii.json').read_text())
    people[2]['joints'][4][0] = math.nan
    people[2]['joints_vis'][4] = 1
    (tmp_path / 'mpii.json').write_text(json.dumps(people))
    dataset = DATASETS.build(
        dict(type='MpiiDataset', ann_file=str(tmp_path / 'mpii.json')))
    finding, = DatasetCheck()(dataset)
    assert '1 of 5 samples have a labelled keypoint' in finding.text
