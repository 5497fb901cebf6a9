# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
import shutil

import pytest
from mmpose.registry import DATASETS

from vitpose_tools.annotations import (AnnotationError, convert_apt36k,
                                       write_json)


def convert(raw, seed=0, ratio=(7, 1, 2), images=None):
    return convert_apt36k(copy.deepcopy(raw), seed, ratio, images)


def videos(split: dict) -> set:
    return {image['video_id'] for image in split['images']}


def test_splits_are_by_video_within_each_species(raw):
    """7:1:2 of ten videos, of both species alike; no video in two splits."""
    splits, _ = convert(raw)

    for name, number in dict(train=7, val=1, test=2).items():
        found = videos(splits[name])
        assert len(found) == 2 * number
        assert sum(video < 10 for video in found) == number
        assert len(splits[name]['images']) == 2 * len(found)
    assert not videos(splits['train']) & videos(splits['test'])


def test_each_animal_is_with_its_image(raw):
    for split in convert(raw)[0].values():
        assert [ann['image_id'] for ann in split['annotations']
                ] == [image['id'] for image in split['images']]
        assert len(split['categories']) == 2
        assert split['licenses'] == [dict(id=1)]


def test_the_seed_and_the_video_decide_not_the_order_of_the_file(raw):
    other = dict(raw, images=raw['images'][::-1])

    assert videos(convert(raw)[0]['val']) == videos(convert(other)[0]['val'])
    # The split of seed 0, for good: SHA-256 does not change.
    assert videos(convert(raw)[0]['val']) == {9, 19}
    assert len({frozenset(videos(convert(raw, seed)[0]['test']))
                for seed in range(5)}) > 1


def test_faults_of_the_file_are_repaired_and_counted(raw):
    raw['annotations'][0]['num_keypoints'] = 15
    raw['annotations'][1]['image_id'] = 999
    raw['annotations'][2]['keypoints'] = [1, 2, 2]
    splits, repairs = convert(raw)

    assert {text: n for text, n in repairs.items() if n} == {
        'file names cut to species/clip/frame': 40,
        'animals without an image left out': 1,
        'animals without a box or 17 keypoints left out': 1,
        'is_crowd renamed iscrowd': 38,
        'areas set to that of the box': 38,
        'num_keypoints counted': 37}
    animals = sum((s['annotations'] for s in splits.values()), [])
    assert len(animals) == 38
    for animal in animals:
        assert animal['iscrowd'] == 0 and 'is_crowd' not in animal
        assert animal['area'] == 1200 and animal['num_keypoints'] == 15


@pytest.mark.parametrize('change, repair', [
    (dict(bbox=[8, 6, 0, 30]), 'animals with an empty box left out'),
    (dict(bbox=[8, 6, 40, -3]), 'animals with an empty box left out'),
    (dict(bbox=None), 'animals without a box or 17 keypoints left out'),
    (dict(bbox='8 6 4 3'), 'animals without a box or 17 keypoints left out'),
    (dict(bbox=[8, '6', 4, 3]),
     'animals without a box or 17 keypoints left out'),
    (dict(keypoints=[20, 20, 0] * 17),
     'animals without a labelled keypoint left out'),
    (dict(category_id=9), 'animals of an unknown category left out'),
])
def test_animals_that_cannot_be_used_are_counted(raw, change, repair):
    raw['annotations'][0].update(change)
    splits, repairs = convert(raw)

    assert repairs[repair] == 1
    assert sum(len(split['annotations']) for split in splits.values()) == 39


def test_each_id_is_there_once(raw):
    """The same animal twice, another one with its id, an image twice."""
    first = raw['annotations'][0]
    raw['annotations'] += [dict(first), dict(first, bbox=[1, 2, 3, 4])]
    raw['images'].append(dict(raw['images'][0]))
    splits, repairs = convert(raw)

    assert repairs['repeated animals left out'] == 1
    assert repairs['animals that share an id given another'] == 1
    assert repairs['repeated images left out'] == 1
    for key, number in dict(images=40, annotations=41).items():
        ids = [each['id'] for split in splits.values() for each in split[key]]
        assert len(ids) == len(set(ids)) == number


def test_missing_images_are_left_out(raw, images):
    shutil.rmtree(images / 'dog' / 'clip3')
    splits, repairs = convert(raw, images=images)

    assert repairs['missing images left out'] == 2
    assert repairs['animals without an image left out'] == 2
    assert 3 not in set.union(*map(videos, splits.values()))
    with pytest.raises(AnnotationError, match='none of the 40 images is in'):
        convert(raw, images=images / 'dog')


@pytest.mark.parametrize('annotated, unpacked', [
    ('clip4√', 'clip4б╠'),
    ('v2c21太多', 'v2c21╠л╢р'),
])
def test_folders_unpacked_in_another_encoding_are_found(
        raw, images, annotated, unpacked):
    for image in raw['images'][8:10]:
        image['file_name'] = image['file_name'].replace('clip4', annotated)
    (images / 'dog' / 'clip4').rename(images / 'dog' / unpacked)
    # Begins alike, but has nothing that an encoding could change.
    (images / 'dog' / 'clip45').mkdir()
    splits, repairs = convert(raw, images=images)

    assert repairs['clip folders found under another name'] == 1
    assert repairs['missing images left out'] == 0
    names = {image['file_name'] for split in splits.values()
             for image in split['images']}
    assert f'dog/{unpacked}/00000.jpg' in names


def test_one_of_two_likely_folders_is_not_guessed(raw, images):
    for image in raw['images'][8:10]:
        image['file_name'] = image['file_name'].replace('clip4', 'clip4√')
    (images / 'dog' / 'clip4').rename(images / 'dog' / 'clip4б╠')
    (images / 'dog' / 'clip4ж').mkdir()

    assert convert(raw, images=images)[1]['missing images left out'] == 2


def test_the_dataset_class_reads_the_result(raw, images, tmp_path):
    splits, _ = convert(raw, images=images)
    write_json({tmp_path / 'val.json': splits['val']})
    dataset = DATASETS.build(
        dict(type='APT36KDataset', data_root=str(tmp_path),
             ann_file='val.json', data_prefix=dict(img='images/'),
             pipeline=[dict(type='LoadImage')]))

    assert len(dataset) == 4
    assert dataset[0]['img'].shape == (48, 64, 3)


@pytest.mark.parametrize('change, message', [
    (lambda raw: raw.pop('annotations'), "there are no 'annotations'"),
    (lambda raw: raw['images'][0].update(file_name='a/1.jpg'),
     "'a/1.jpg' is not species/clip/frame"),
    (lambda raw: raw['images'].__setitem__(3, None),
     r"images\[3\] is 'None', not a dict"),
    (lambda raw: raw['images'][3].pop('file_name'),
     r'images\[3\] lacks file_name'),
    (lambda raw: raw['images'][3].update(width='64'),
     r"images\[3\] has width='64', which should be int"),
    (lambda raw: raw['annotations'][1].update(image_id=None),
     r"annotations\[1\] has image_id='None'"),
    (lambda raw: raw.update(categories=dict(id=1)), "no 'categories'"),
    (lambda raw: raw['images'][1].update(id=1), 'share the id 1'),
    (lambda raw: [ann.update(bbox=None) for ann in raw['annotations']],
     'no animal has an image, a box'),
])
def test_other_files_are_refused(raw, change, message):
    change(raw)
    with pytest.raises(AnnotationError, match=message):
        convert(raw)
