# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from vitpose_tools.labels import LabelsError


def coco(names=('nose', 'ear'), **changes):
    """Two pictures with an animal each."""
    category = dict(id=7, name='cat', skeleton=[[1, 2]])
    if names:
        category.update(keypoints=list(names))
    content = dict(
        images=[dict(id=i, file_name=f'{i} ü.png', width=40, height=30)
                for i in (1, 2)],
        annotations=[dict(id=i, image_id=i, category_id=7, iscrowd=0,
                          segmentation=[], bbox=[1, 2, 10, 20],
                          keypoints=[3, 4, 1, 5, 6.5, 2]) for i in (1, 2)],
        categories=[dict(id=0, name='none'), category])
    content.update(changes)
    return content


def save(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding='utf-8')
    return path


@pytest.mark.parametrize('json_name, image_folder', [
    ('_annotations.coco.json', '.'),                         # Roboflow
    ('annotations/person_keypoints_default.json', 'images'),        # CVAT
    ('annotations/person_keypoints_default.json', 'images/default'),
    ('result.json', 'images'),                           # Label Studio
    ('annotations/person_keypoints_train2017.json', 'train2017')])
def test_pictures_are_found_where_tools_put_them(
        labels, tmp_path, json_name, image_folder):
    for i in (1, 2):
        labels.draw(tmp_path / 'in' / image_folder / f'{i} ü.png')
    source = save(tmp_path / 'in' / json_name, coco())
    for given in (source, tmp_path / 'in'):
        summary = labels.run(given, tmp_path / 'out', split='none',
                             overwrite=True)

        assert summary['skipped'] == {} and summary['notes'] == {}
        content = labels.read(tmp_path / 'out', 'train')
        found = labels.by_name(content)
        assert found['1 ü.png'][0].tolist() == [[3, 4, 1], [5, 6.5, 2]]
        assert [one['bbox'] for one in content['annotations']] == [
            [1, 2, 10, 20]] * 2
        assert content['categories'] == [dict(
            id=1, name='cat', supercategory='cat', keypoints=['nose', 'ear'],
            skeleton=[[1, 2]])]


def test_real_people_keep_every_number(real_data, labels, tmp_path):
    source = real_data / 'coco' / 'test_coco.json'
    summary = labels.run(source, tmp_path / 'out', split='none')

    before = json.loads(source.read_text())
    after = labels.read(tmp_path / 'out', 'train')
    wanted = [one for one in before['annotations']
              if one['num_keypoints'] and not one['iscrowd']]
    assert len(after['annotations']) == len(wanted) > 0
    names = {one['id']: one['file_name'] for one in before['images']}
    left = labels.by_name(after)
    for one in wanted:
        keypoints = np.reshape(one['keypoints'], (-1, 3))
        assert any(np.array_equal(keypoints, other)
                   for other in left[names[one['image_id']]])
    skeleton = before['categories'][0]['skeleton']
    assert after['categories'][0]['skeleton'] == skeleton
    assert summary['boxes'] == {'of the source': len(wanted)}


def test_splits_of_a_folder_are_kept(labels, tmp_path):
    for split, shade in dict(train=1, valid=2, test=3).items():
        for i in (1, 2):
            labels.draw(tmp_path / 'in' / split / f'{i} ü.png', shade=shade)
        save(tmp_path / 'in' / split / '_annotations.coco.json', coco())
    summary = labels.run(tmp_path / 'in', tmp_path / 'out')

    assert summary['split'] == 'the one of the source'
    for name, shade in dict(train=1, val=2, test=3).items():
        content = labels.read(tmp_path / 'out', name)
        assert len(content['images']) == len(content['annotations']) == 2
        for image in content['images']:
            path = tmp_path / 'out' / 'images' / image['file_name']
            assert path.samefile(tmp_path / 'in' / (
                'valid' if name == 'val' else name) / path.name)


def test_what_is_skipped_is_counted(labels, tmp_path):
    for i in (1, 2):
        labels.draw(tmp_path / f'{i} ü.png')
    content = coco()
    good = content['annotations'][0]
    content['annotations'] += [
        dict(good, keypoints=[0, 0, 0, 3, 3, 0]), dict(good, iscrowd='1'),
        dict(good, keypoints=[]), dict(good, keypoints=[1, 2, 2]),
        dict(good, keypoints=['a'] * 6), dict(good, image_id=99),
        dict(good, keypoints=[float('nan'), 2, 2, 40, 30, 2]),
        dict(good, category_id=0, keypoints=[])]
    content['categories'][1]['skeleton'].append([1, 3])
    save(tmp_path / 'a.json', content)
    summary = labels.run(tmp_path / 'a.json', tmp_path / 'out', split='none')

    assert summary['skipped'] == {
        'bones between unknown keypoints': 1, 'crowd regions': 1,
        'annotations without keypoints': 2,
        'annotations with another number of keypoints': 1,
        'annotations whose keypoints are no numbers': 1,
        'keypoints that are no numbers': 1,
        'annotations of an unknown image': 1,
        'instances without a labelled keypoint': 1}
    assert summary['notes'] == {
        'keypoints with a place but visibility 0, taken as not labelled': 1}
    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert [one.tolist() for one in found['1 ü.png']] == [
        [[3, 4, 1], [5, 6.5, 2]], [[0, 0, 0], [40, 30, 2]]]


def test_boxes_that_are_none_are_made(labels, tmp_path):
    for i in (1, 2):
        labels.draw(tmp_path / f'{i} ü.png')
    content = coco()
    del content['annotations'][0]['bbox']
    content['annotations'][1]['bbox'] = [50, 2, 5, 5]  # not in the picture
    save(tmp_path / 'a.json', content)
    summary = labels.run(tmp_path / 'a.json', tmp_path / 'out', split='none',
                         margin=0)

    assert summary['boxes'] == {'from the keypoints': 2}
    assert [one['bbox'] for one in labels.read(tmp_path / 'out', 'train')[
        'annotations']] == [[3, 4, 2, 2.5]] * 2


def test_keypoints_without_names_are_numbered(labels, tmp_path):
    for i in (1, 2):
        labels.draw(tmp_path / f'{i} ü.png')
    save(tmp_path / 'a.json', coco(names=None))
    summary = labels.run(tmp_path / 'a.json', tmp_path / 'out', split='none')

    assert summary['keypoints'] == ['keypoint_1', 'keypoint_2']
    assert summary['notes'] == {
        'keypoints without a name, called keypoint_1 and so on': 2}


def test_categories_of_other_keypoints_must_be_chosen(labels, tmp_path):
    for i in (1, 2):
        labels.draw(tmp_path / f'{i} ü.png')
    content = coco()
    content['categories'].append(dict(id=8, name='dog', keypoints=['tail']))
    content['annotations'][1].update(category_id=8, keypoints=[9, 8, 2])
    save(tmp_path / 'a.json', content)
    with pytest.raises(LabelsError, match=r'cat \(2\), dog \(1\).*--category'):
        labels.run(tmp_path / 'a.json', tmp_path / 'out', split='none')
    with pytest.raises(LabelsError, match="'cow'.*it has cat, dog"):
        labels.run(tmp_path / 'a.json', tmp_path / 'out', category='cow')

    labels.run(tmp_path / 'a.json', tmp_path / 'out', split='none',
               category='dog')
    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert {name: one[0].tolist() for name, one in found.items()} == {
        '2 ü.png': [[9, 8, 2]]}


def test_names_cannot_lead_out_of_the_folder(labels, tmp_path):
    content = coco()
    content['images'][0]['file_name'] = '../../../evil.png'
    content['images'][1]['file_name'] = str(tmp_path / 'far' / 'a:b\n.png')
    for path in (tmp_path / 'in' / 'evil.png', tmp_path / 'far' / 'a:b.png'):
        labels.draw(path)
    save(tmp_path / 'in' / 'a.json', content)
    summary = labels.run(tmp_path / 'in' / 'a.json', tmp_path / 'w' / 'out',
                         split='none')

    assert summary['skipped'] == {'pictures not found': 1}
    assert [path.name for path in (tmp_path / 'w' / 'out' / 'images'
                                   ).rglob('*.png')] == ['evil.png']
    assert [path.name for path in (tmp_path / 'w').iterdir()] == ['out']


@pytest.mark.parametrize('text, message', [
    ('', 'not valid JSON'), ('[' * 100000, 'not valid JSON'),
    ('{}', 'neither COCO'), ('[]', 'neither COCO'),
    (json.dumps(coco(annotations=[])), 'no annotation with keypoints'),
    (json.dumps(coco(images=[dict(id=1)])), "no text as 'file_name'"),
    (json.dumps(coco(images=3)), 'not as its tool writes it'),
    (json.dumps(coco(images=[[]])), 'not as its tool writes it')])
def test_faulty_files_are_one_sentence(labels, tmp_path, text, message):
    (tmp_path / 'a.json').write_text(text)

    with pytest.raises(LabelsError, match=message) as error:
        labels.run(tmp_path / 'a.json', tmp_path / 'out')
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('image_id, category_id', [
    (str, int), (int, str), (float, float)])
def test_ids_of_another_type_are_the_same(
        labels, tmp_path, image_id, category_id):
    content = coco()
    for i, one in enumerate(content['images'], 1):
        one['id'] = image_id(i)
        labels.draw(tmp_path / one['file_name'])
    content['categories'][1]['id'] = category_id(7)
    summary = labels.run(save(tmp_path / 'a.json', content),
                         tmp_path / 'out', split='none')

    assert summary['files']['train']['annotations'] == 2
    assert summary['skipped'] == {}


@pytest.mark.parametrize('names', [('nose', 'ear', 'tail'), None])
def test_keypoints_of_x_and_y_alone_are_read_as_such(
        labels, tmp_path, names):
    """Six numbers are two keypoints with visibility only where every third
    one can be a visibility."""
    content = coco(names)
    for one in content['annotations']:
        one['keypoints'] = [3, 4, 5, 6.5, 0, 0]
    for one in content['images']:
        labels.draw(tmp_path / one['file_name'])
    summary = labels.run(save(tmp_path / 'a.json', content),
                         tmp_path / 'out', split='none')

    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert found['1 ü.png'][0].tolist() == [[3, 4, 2], [5, 6.5, 2], [0, 0, 0]]
    assert any('x and y alone' in note for note in summary['notes'])


def test_skeletons_may_hold_names(labels, tmp_path):
    content = coco()
    content['categories'][1]['skeleton'] = [['ear', 'nose'], ['ear'], 5]
    for one in content['images']:
        labels.draw(tmp_path / one['file_name'])
    summary = labels.run(save(tmp_path / 'a.json', content),
                         tmp_path / 'out', split='none')

    assert summary['skeleton'] == [['ear', 'nose']]
    assert summary['skipped'] == {'bones that are no pair of keypoints': 2}


def test_two_keypoints_of_one_name_are_said(labels, tmp_path):
    with pytest.raises(LabelsError, match="several .* called 'nose'"):
        labels.run(save(tmp_path / 'a.json', coco(('nose', 'nose'))),
                   tmp_path / 'out')
