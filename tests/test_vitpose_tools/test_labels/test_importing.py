# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os

import pytest
from PIL import Image

from vitpose_tools.labels import LabelsError


@pytest.fixture
def source(labels, tmp_path):
    """Ten pictures of one animal; the third has one keypoint."""
    lines = ['scorer,m,m,m,m', 'bodyparts,a,a,b,b', 'coords,x,y,x,y']
    for i in range(10):
        labels.draw(tmp_path / 'in' / f'img{i}.png', shade=i)
        lines.append(f'img{i}.png,10,12,' + ('30,22' if i != 2 else ','))
    path = tmp_path / 'in' / 'CollectedData.csv'
    path.write_text('\n'.join(lines))
    return path


def boxes(coco):
    return [one['bbox'] for one in coco['annotations']]


def test_boxes_have_the_margin_and_stay_inside(labels, source, tmp_path):
    summary = labels.run(source, tmp_path / 'out', split='none', margin=0.2)

    # 20 x 10 pixels, and 4 more on each side; the picture is 40 x 30.
    found = boxes(labels.read(tmp_path / 'out', 'train'))
    assert found[0] == [6, 8, 28, 18]
    # One place: as large as the others, 20, and the margin; cut at 0.
    assert found[2] == [0, 0, 24, 26]
    assert summary['boxes'] == {
        'from the keypoints': 9,
        'around one place, as large as the others usually are': 1}


def test_boxes_may_be_the_whole_picture(labels, source, tmp_path):
    labels.run(source, tmp_path / 'out', split='none', boxes='image')

    assert boxes(labels.read(tmp_path / 'out', 'train')) == [
        [0, 0, 40, 30]] * 10


def test_one_keypoint_alone_has_the_whole_picture(labels, tmp_path):
    labels.draw(tmp_path / 'img0.png')
    path = tmp_path / 'CollectedData.csv'
    path.write_text('scorer,m,m\nbodyparts,a,a\ncoords,x,y\nimg0.png,1,2\n')
    labels.run(path, tmp_path / 'out', split='none')

    assert boxes(labels.read(tmp_path / 'out', 'train')) == [[0, 0, 40, 30]]


def test_pictures_left_out_are_not_brought(labels, source, tmp_path):
    summary = labels.run(source, tmp_path / 'out')

    held = {image['file_name'] for name in ('train', 'val')
            for image in labels.read(tmp_path / 'out', name)['images']}
    assert {path.name for path in (tmp_path / 'out' / 'images').iterdir()
            } == held
    left_out = summary['skipped'][
        'frames left out between training and validation']
    assert len(held) + left_out == 10
    assert summary['images'] == dict(linked=len(held))


@pytest.mark.parametrize('copy', [False, True])
def test_pictures_are_linked_or_copied(labels, source, tmp_path, copy):
    labels.run(source, tmp_path / 'out', split='none', copy=copy)

    for i in range(10):
        before = tmp_path / 'in' / f'img{i}.png'
        after = tmp_path / 'out' / 'images' / f'img{i}.png'
        assert after.read_bytes() == before.read_bytes()
        assert os.path.samefile(before, after) != copy


def test_links_are_symbolic_where_hard_ones_are_refused(
        labels, source, tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError(1, 'Operation not permitted')
    monkeypatch.setattr(os, 'link', refuse)
    labels.run(source, tmp_path / 'out', split='none')

    assert (tmp_path / 'out' / 'images' / 'img0.png').is_symlink()
    assert Image.open(tmp_path / 'out' / 'images' / 'img7.png'
                      ).getpixel((0, 0)) == (7, 7, 7)


def test_the_same_call_again_does_nothing(labels, source, tmp_path):
    first = labels.run(source, tmp_path / 'out')
    before = (tmp_path / 'out' / 'train.json').stat().st_ino
    second = labels.run(source, tmp_path / 'out')

    assert first.pop('written') and not second.pop('written')
    assert first == second
    assert (tmp_path / 'out' / 'train.json').stat().st_ino == before


@pytest.mark.parametrize('change, text', [
    (dict(val=0.4), 'val 0.2'), (dict(seed=1), 'seed 0')])
def test_another_import_is_not_replaced_unasked(
        labels, source, tmp_path, change, text):
    labels.run(source, tmp_path / 'out')
    with pytest.raises(LabelsError, match=f'{text}.*--overwrite'):
        labels.run(source, tmp_path / 'out', **change)

    assert labels.run(source, tmp_path / 'out', overwrite=True,
                      **change)['written']
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in', 'out']


def test_new_labels_and_new_pictures_are_noticed(labels, source, tmp_path):
    (tmp_path / 'in' / 'img9.png').rename(tmp_path / 'away.png')
    assert labels.run(source, tmp_path / 'out', split='none')['skipped'] == {
        'pictures not found': 1}
    (tmp_path / 'away.png').rename(tmp_path / 'in' / 'img9.png')
    with pytest.raises(LabelsError, match='have changed since'):
        labels.run(source, tmp_path / 'out', split='none')
    labels.run(source, tmp_path / 'out', split='none', overwrite=True)

    source.write_text(source.read_text().replace('10,12', '11,12'))
    with pytest.raises(LabelsError, match='have changed since'):
        labels.run(source, tmp_path / 'out', split='none')


def test_a_lost_file_is_brought_again(labels, source, tmp_path):
    labels.run(source, tmp_path / 'out', split='none')
    (tmp_path / 'out' / 'images' / 'img3.png').unlink()

    assert labels.run(source, tmp_path / 'out', split='none')['written']
    assert (tmp_path / 'out' / 'images' / 'img3.png').exists()


def test_other_folders_are_never_replaced(labels, source, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'thesis.tex').write_text('!')
    with pytest.raises(LabelsError, match='not an import'):
        labels.run(source, tmp_path / 'out', overwrite=True)

    assert (tmp_path / 'out' / 'thesis.tex').read_text() == '!'


def test_an_import_that_fails_leaves_the_old_one(
        labels, source, tmp_path, monkeypatch):
    labels.run(source, tmp_path / 'out')
    before = (tmp_path / 'out' / 'import.json').read_text()
    monkeypatch.setattr('vitpose_tools.labels.importing.coco_file',
                        lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        labels.run(source, tmp_path / 'out', val=0.3, overwrite=True)

    assert (tmp_path / 'out' / 'import.json').read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in', 'out']


def test_the_note_says_what_was_done(labels, source, tmp_path):
    summary = labels.run(source, tmp_path / 'out')
    note = json.loads((tmp_path / 'out' / 'import.json').read_text())

    assert note['summary'] == {key: value for key, value in summary.items()
                               if key != 'written'}
    assert note['request']['source'] == str(source)


def test_other_things_of_a_folder_are_passed_by(labels, tmp_path):
    """What macOS adds, an import that lies in the folder, a link to it."""
    content = dict(
        images=[dict(id=i, file_name=f'{i}.png') for i in range(4)],
        annotations=[dict(image_id=i, category_id=1, keypoints=[3, 4, 2])
                     for i in range(4)],
        categories=[dict(id=1, name='bug', keypoints=['nose'])])
    for i in range(4):
        labels.draw(tmp_path / 'in' / f'{i}.png')
    (tmp_path / 'in' / 'a.json').write_text(json.dumps(content))
    (tmp_path / 'in' / '._a.json').write_bytes(b'\0\5\x16\7\xff')
    (tmp_path / 'in' / '._a.slp').write_bytes(b'\0\5\x16\7\xff')
    (tmp_path / 'in' / 'link').symlink_to('.')

    first = labels.run(tmp_path / 'in', tmp_path / 'in' / 'out')
    again = labels.run(tmp_path / 'in', tmp_path / 'in' / 'out')
    assert first['written'] and not again['written']
