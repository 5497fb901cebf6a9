# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from mmengine.registry import DATASETS

PERSON = dict(image_id=1, bbox=[10, 20, 40, 60], keypoints=[12, 30, 2],
              iscrowd=0)


@pytest.fixture
def make(pretraining, tmp_path):

    def make(*people, content=None, **options):
        content = content or dict(
            images=[dict(id=1, file_name='a.jpg', width=80, height=100)],
            annotations=[{**PERSON, **person} for person in people])
        (tmp_path / 'people.json').write_text(json.dumps(content))
        return pretraining.PersonCropDataset(
            ann_file='people.json',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='images/'),
            pipeline=[],
            **options)

    return make


def test_scale_enlarges_the_box_about_its_centre(make, tmp_path):
    sample = make({}, scale=1.5)[0]
    assert sample['img_path'] == str(tmp_path / 'images' / 'a.jpg')
    assert sample['crop'] == (0, 5, 60, 95)
    assert make({})[0]['crop'] == (10, 20, 50, 80)


def test_crowds_unlabelled_and_small_people_are_left_out(make):
    people = [{}, dict(iscrowd=1), dict(keypoints=[0, 0, 0]),
              dict(bbox=[0, 0, 15.9, 90]), dict(bbox=[0, 0, 16, 16])]
    assert len(make(*people, min_size=16)) == 2
    assert len(make(*people)) == 3


def test_real_files_give_their_people(pretraining, real_data):
    counts = {}
    for name in ('coco', 'aic'):
        counts[name] = len(
            pretraining.PersonCropDataset(
                f'test_{name}.json', str(real_data / name),
                dict(img_path=''), []))
    # As many as MMPose's own datasets find.
    assert counts == dict(coco=12, aic=9)


def test_several_files_are_joined_and_cropped(pretraining, real_data):
    parts = [
        dict(
            type='PersonCropDataset',
            ann_file=f'test_{name}.json',
            data_root=str(real_data / name),
            data_prefix=dict(img_path=''),
            scale=1.25,
            pipeline=[dict(type='LoadImageFromFile'), dict(type='CropPerson')])
        for name in ('coco', 'aic')
    ]
    both = DATASETS.build(dict(type='ConcatDataset', datasets=parts))
    assert len(both) == 21
    for sample in both:
        left, top, right, bottom = sample['crop']
        h, w = sample['img_shape']
        assert sample['img'].shape == (h, w, 3)
        assert 0 < w <= right - left + 2 and 0 < h <= bottom - top + 2


def test_crop_keeps_what_lies_inside_the_image(pretraining):
    image = np.arange(6 * 5).reshape(6, 5, 1)
    crop = pretraining.CropPerson()
    sample = crop(dict(img=image, crop=(1.9, -3, 3.1, 2.5)))
    assert np.array_equal(sample['img'], image[0:3, 1:4])
    assert sample['img_shape'] == (3, 3)
    with pytest.raises(ValueError, match='a.jpg has 5x6 pixels.*belong'):
        crop(dict(img=image, crop=(5, 0, 9, 3), img_path='a.jpg'))


def test_wrong_files_and_arguments_are_named(make):
    unlabelled = {k: v for k, v in PERSON.items() if k != 'keypoints'}
    for content in ([PERSON], dict(images=[]),
                    dict(images=[], annotations=[PERSON]),
                    dict(images=[], annotations=[unlabelled])):
        with pytest.raises(ValueError, match="people.json does not hold key"):
            make(content=content)
    with pytest.raises(ValueError, match='1 annotations, but nobody.*=99'):
        make({}, min_size=99)
    with pytest.raises(ValueError, match='scale=0 '):
        make({}, scale=0)
