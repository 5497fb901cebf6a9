# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest

PERSON = dict(id=0, image_id='a', category_id=1, bbox=[0, 0, 4, 5], area=20,
              keypoints=[1, 2, 2, 3, 4, 1, 5, 6, 0])


def dataset(**changes) -> dict:
    return dict(
        images=[dict(id='a'), dict(id='ab')],
        categories=[dict(id=1, name='person'), dict(id=2, name='son')],
        annotations=[dict(PERSON), dict(PERSON, id=1, area=30)],
        **changes)


@pytest.fixture
def coco(lite):
    return lite.coco.COCO(ann_data=dataset())


def test_ids_and_names_can_be_strings(coco):
    """pycocotools takes a string for a list of letters."""
    assert coco.getAnnIds(imgIds='a') == [0, 1]
    assert coco.getAnnIds(imgIds='ab') == []
    assert coco.getCatIds(catNms='person') == [1]
    assert coco.loadImgs('ab') == [dict(id='ab')]


def test_a_range_of_areas_holds_its_lower_end(coco):
    assert coco.getAnnIds(areaRng=[20, 30]) == [0]


def test_an_annotation_without_iscrowd_is_no_crowd(coco):
    assert coco.getAnnIds(iscrowd=False) == [0, 1]


def test_some_keypoints_can_be_chosen(lite):
    coco = lite.coco.COCO(ann_data=dataset(), test_index=[2, 0])
    assert coco.anns[0]['keypoints'] == [5, 6, 0, 1, 2, 2]


def test_results_can_be_empty_and_are_of_the_same_class(lite, coco):
    for results in ([], [dict(PERSON, score=1)]):
        loaded = coco.loadRes(results)
        assert type(loaded) is lite.coco.COCO
        assert len(loaded.anns) == len(results)
        assert loaded.getImgIds() == ['a', 'ab']


@pytest.mark.parametrize('content, message', [
    ('[1', 'file.json is no JSON file'),
    ('[]', 'file.json is not an annotation file .* holds a list'),
    ('{"annotations": [{"id": 1}]}', "file.json is not .*no 'image_id'"),
    ('{"images": [3]}', 'file.json is not an annotation file'),
])
def test_what_is_no_annotation_file_is_named(lite, tmp_path, content,
                                             message):
    file = tmp_path / 'file.json'
    file.write_text(content)
    with pytest.raises(ValueError, match=message):
        lite.coco.COCO(file)


@pytest.mark.parametrize('content, message', [
    ('{', 'res.json is no JSON file'),
    ({}, 'res.json holds a dict where a list'),
    ([{'bbox': []}], "res.json does not hold results .*no 'image_id'"),
    ([5], 'res.json does not hold results'),
    ([dict(PERSON, image_id=7), dict(PERSON)],
     '1 of 2 results of .*res.json are of images that .*ann.json does not '
     'have, the first of image_id 7'),
])
def test_what_is_no_result_file_is_named(lite, tmp_path, content, message):
    for name, value in (('ann', dataset()), ('res', content)):
        text = value if isinstance(value, str) else json.dumps(value)
        (tmp_path / f'{name}.json').write_text(text)
    coco = lite.coco.COCO(tmp_path / 'ann.json')
    with pytest.raises(ValueError, match=message):
        coco.loadRes(str(tmp_path / 'res.json'))
