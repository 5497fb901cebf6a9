# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest

from vitpose_tools.own_data.labels import OwnDataError, read_own_labels


def change(path, edit) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_boxes_tell_the_shape_and_whether_they_are_the_image(labelled):
    cut, whole = read_own_labels(labelled()), read_own_labels(
        labelled('whole', whole=True))

    assert cut.aspect == 80 / 48 and not cut.whole
    assert whole.aspect == 96 / 64 and whole.whole
    assert cut.images == len(cut.keypoints) == 6


def test_people_without_labels_boxes_or_alone_are_not_counted(labelled):
    path = labelled()

    def edit(content):
        people = content['annotations']
        people[0]['keypoints'] = [0] * 12
        people[1]['bbox'] = [1, 1, 0, 5]
        people[2]['iscrowd'] = 1

    change(path, edit)

    assert len(read_own_labels(path).keypoints) == 3


@pytest.mark.parametrize('skeleton', [
    7, 'ab', [None], [[1]], [[1, None]], [[1, float('inf')]], [[1, 'x']]])
def test_a_skeleton_that_is_none_and_lost_images_are_no_matter(
        labelled, skeleton):
    path = labelled()

    def edit(content):
        content['categories'][0]['skeleton'] = skeleton
        content['annotations'][0]['image_id'] = 777

    change(path, edit)
    labels = read_own_labels(path)

    assert labels.links == [] and len(labels.keypoints) == 5


@pytest.mark.parametrize('edit, message', [
    (lambda c: c.pop('categories'), 'no COCO-style file'),
    (lambda c: c['categories'][0].pop('keypoints'), 'no list of keypoint'),
    (lambda c: c['categories'].append(dict(id=2, keypoints=['x'])),
     '2 different skeletons'),
    (lambda c: c['categories'][0].update(keypoints=['a', 'a', 'b', 'c']),
     "two keypoints are called 'a'"),
    (lambda c: c.update(annotations=[]), 'none of its 0 annotations'),
    (lambda c: c['categories'][0].update(keypoints=['a', 'b']),
     'none of its 6 annotations'),
])
def test_what_no_recipe_can_be_made_for_is_one_sentence(
        labelled, edit, message):
    path = labelled()
    change(path, edit)

    with pytest.raises(OwnDataError, match=message) as caught:
        read_own_labels(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('text', [b'', b'{', b'[]', b'\xff\xfe', b'version '
                                  b'https://git-lfs.github.com/spec/v1'])
def test_files_that_are_no_json(tmp_path, text):
    (tmp_path / 'x.json').write_bytes(text)

    with pytest.raises(OwnDataError, match='x.json'):
        read_own_labels(tmp_path / 'x.json')
