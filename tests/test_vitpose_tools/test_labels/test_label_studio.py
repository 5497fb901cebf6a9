# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest

from vitpose_tools.labels import LabelsError


def point(number, label, x, y, **more):
    return dict(id=f'p{number}', type='keypointlabels', original_width=40,
                original_height=30, image_rotation=0,
                value=dict(x=x, y=y, width=0.4, keypointlabels=[label]),
                **more)


def box(number, x, y, w, h):
    return dict(id=f'b{number}', type='rectanglelabels', original_width=40,
                original_height=30, image_rotation=0,
                value=dict(x=x, y=y, width=w, height=h, rotation=0,
                           rectanglelabels=['wolf']))


def save(path, *results, image='/data/upload/1/0a1b2c3d-img%20{}.png'):
    path.write_text(json.dumps([
        dict(id=i, data=dict(image=image.format(i)), annotations=[
            dict(id=i, was_cancelled=False, result=result)])
        for i, result in enumerate(results)]))
    return path


@pytest.mark.parametrize('image', [
    '/data/upload/1/0a1b2c3d-img%20{}.png', 'img {}.png',
    '/data/local-files/?d=folder/img%20{}.png',
    'http://localhost:8080/data/upload/img%20{}.png', 's3://bucket/img {}.png'
])
def test_one_animal_needs_no_box(labels, tmp_path, image):
    labels.draw(tmp_path / 'img 0.png')
    source = save(tmp_path / 'a.json', [
        point(1, 'nose', 25, 50), point(2, 'tail', 50, 10)], image=image)
    summary = labels.run(source, tmp_path / 'out', split='none')

    content = labels.read(tmp_path / 'out', 'train')
    assert content['categories'][0]['keypoints'] == ['nose', 'tail']
    assert [one['keypoints'] for one in content['annotations']] == [
        [10, 15, 2, 20, 3, 2]]
    assert summary['skipped'] == summary['notes'] == {}


def test_animals_are_told_by_parents_relations_and_boxes(labels, tmp_path):
    labels.draw(tmp_path / 'img 0.png')
    source = save(tmp_path / 'a.json', [
        box(1, 0, 0, 50, 100), box(2, 25, 0, 75, 100),
        point(1, 'nose', 40, 50, parentID='b2'),
        point(2, 'nose', 30, 50), dict(
            type='relation', from_id='b1', to_id='p2', direction='right'),
        point(3, 'tail', 10, 10), point(4, 'tail', 90, 10)])
    summary = labels.run(source, tmp_path / 'out', split='none')

    content = labels.read(tmp_path / 'out', 'train')
    assert [one['keypoints'] for one in content['annotations']] == [
        [12, 15, 2, 4, 3, 2], [16, 15, 2, 36, 3, 2]]
    assert [one['bbox'] for one in content['annotations']] == [
        [0, 0, 20, 30], [10, 0, 30, 30]]
    assert summary['skipped'] == summary['notes'] == {}


def test_what_cannot_be_told_is_counted(labels, tmp_path):
    for i in range(4):
        labels.draw(tmp_path / f'img {i}.png')
    source = save(
        tmp_path / 'a.json',
        [point(1, 'nose', 10, 10), point(2, 'nose', 90, 90)],
        [box(1, 0, 0, 50, 50), box(2, 0, 0, 60, 60), box(3, 90, 0, 9, 9),
         point(1, 'nose', 10, 10), point(2, 'nose', 20, 20),
         point(3, 'nose', 80, 80)],
        [dict(point(1, 'nose', 10, 10), image_rotation=90)], [])
    summary = labels.run(source, tmp_path / 'out', split='none')

    assert summary['skipped'] == {
        'keypoints whose instance has one of that name already': 1,
        'keypoints outside of every box': 1,
        'regions in pictures turned while labelling': 1,
        'instances without a labelled keypoint': 1,
        'pictures without labels': 2}
    assert summary['notes'] == {
        'keypoints in several boxes, given to the smallest that has none of '
        'the name': 2}
    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert [one.tolist() for one in found['0a1b2c3d-img 1.png']] == [
        [[4, 3, 2]], [[8, 6, 2]]]


@pytest.mark.parametrize('content, text', [
    ([dict(id=1, image='a.png', kp=[dict(x=1, y=2)])], 'JSON-MIN'),
    ([dict(data=dict(image='a'), annotations=[])], 'no keypoints'),
    ([dict(data=dict(image='a'), annotations=[dict(result=[dict(
        type='keypointlabels', value={})])])], 'no keypoints'),
    ([dict(data=dict(image='a'), annotations=[dict(result=[dict(
        type='keypointlabels')])])], 'not as its tool writes it')])
def test_faulty_files_are_one_sentence(labels, tmp_path, content, text):
    (tmp_path / 'a.json').write_text(json.dumps(content))

    with pytest.raises(LabelsError, match=text) as error:
        labels.run(tmp_path / 'a.json', tmp_path / 'out')
    assert '\n' not in str(error.value)


def test_of_several_annotators_the_truth_counts(labels, tmp_path):
    labels.draw(tmp_path / 'a.png')
    (tmp_path / 'a.json').write_text(json.dumps([
        dict(data=dict(image='a.png'), annotations=[
            dict(was_cancelled=True, result=[point(1, 'nose', 10, 10)]),
            dict(result=[point(1, 'nose', 25, 50)]),
            dict(ground_truth=True, result=[
                point(1, 'nose', 50, 50), point(2, '', 1, 1)]),
            dict(ground_truth=True, was_cancelled=True, result=[])])]).replace(
                '[""]', '[]'))
    summary = labels.run(tmp_path / 'a.json', tmp_path / 'out', split='none')

    assert labels.by_name(labels.read(tmp_path / 'out', 'train'))['a.png'][
        0].tolist() == [[20, 15, 2]]
    assert summary['skipped'] == {'further annotations of a picture': 1,
                                  'keypoints without a name': 1}
