# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Each kind of fault is planted into a clean dataset and found."""
import copy
import csv
import json
import math
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from vitpose_tools.data_check import (MetainfoError, check_data, draw_sheet,
                                      read_metainfo)

NAMES = ['nose', 'left_eye', 'right_eye', 'tail', 'left_paw', 'right_paw']
# Looking at the viewer, whose right is the animal's left.
POSE = np.array([[50, 30], [60, 20], [40, 20], [50, 75], [75, 60], [25, 60]])
NUMBER = 40


def picture(seed):
    """Blots as a camera sees them, (120, 160, 3)."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(noise, (160, 120), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope='module')
def clean(tmp_path_factory):
    """A folder with images, and COCO content: one animal in each image."""
    folder = tmp_path_factory.mktemp('clean')
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i in range(NUMBER):
        cv2.imwrite(str(folder / f'{i}.png'), picture(i))
        images.append(dict(id=i, file_name=f'{i}.png', width=160, height=120))
        points = POSE + [30, 20] + rng.uniform(-2, 2, POSE.shape)
        keypoints = np.concatenate([points, np.full((6, 1), 2)], axis=1)
        annotations.append(dict(
            id=i + 1, image_id=i, category_id=1, iscrowd=0, area=4000.,
            bbox=[50., 35., 60., 65.], num_keypoints=6,
            keypoints=keypoints.ravel().tolist()))
    return folder, dict(
        images=images, annotations=annotations, categories=[
            dict(id=1, name='animal', keypoints=NAMES, skeleton=[[1, 2]])])


@pytest.fixture
def planted(clean, tmp_path):
    """Copies the clean dataset, changes it, checks it."""

    def call(change=lambda coco, folder: None, **options):
        folder, coco = clean
        images = tmp_path / 'images'
        shutil.copytree(folder, images, dirs_exist_ok=True)
        coco = copy.deepcopy(coco)
        coco = change(coco, images) or coco
        file = tmp_path / 'train.json'
        file.write_text(json.dumps(coco))
        return check_data(file, images, **options)

    return call


def kinds(findings):
    return {each.kind: (each.severity, each.count) for each in findings}


def test_clean_data_are_accused_of_nothing(planted):
    assert planted()[0] == []


def ann(**values):
    return lambda coco, folder: coco['annotations'][3].update(values)


def every(**values):
    return lambda coco, folder: [each.update(values)
                                 for each in coco['annotations']]


def boxes_alone(coco, folder):
    for each in coco['annotations']:
        del each['keypoints'], each['num_keypoints']
    for each in coco['categories']:
        each.pop('keypoints', None)
        each.pop('skeleton', None)


def lose(key):
    return lambda coco, folder: coco['annotations'][3].pop(key)


def image(**values):
    return lambda coco, folder: coco['images'][3].update(values)


def point(index, x, y, v, row=3):
    def change(coco, folder):
        coco['annotations'][row]['keypoints'][3 * index:3 * index + 3] = \
            [x, y, v]
    return change


def fewer(coco, folder):
    del coco['annotations'][3]['keypoints'][-3:]


def unlabelled(coco, folder):
    coco['annotations'][3].update(keypoints=[0] * 18, num_keypoints=0)


def no_visibility(coco, folder):
    coco['annotations'][3]['keypoints'][2::3] = [0] * 6
    coco['annotations'][3]['num_keypoints'] = 0


def shares(coco, folder):
    for each in coco['annotations']:
        points = np.array(each['keypoints']).reshape(-1, 3)
        each['keypoints'] = (points / [160, 120, 1]).ravel().tolist()


def corners(coco, folder):
    for each in coco['annotations']:
        x, y, w, h = each['bbox']
        each['bbox'] = [x, y, x + w, y + h]


def one_corners(coco, folder):
    x, y, w, h = coco['annotations'][3]['bbox']
    coco['annotations'][3]['bbox'] = [x, y, x + w, y + h]


def repeat(key):
    return lambda coco, folder: coco[key][4].update(id=coco[key][3]['id'])


def twice(coco, folder):
    moved = dict(coco['annotations'][3], id=999)
    moved['keypoints'] = [value + 0.3 * (i % 3 < 2)
                          for i, value in enumerate(moved['keypoints'])]
    coco['annotations'].append(moved)


def exchange(pairs, rows=(3, )):
    def change(coco, folder):
        for row in rows:
            each = coco['annotations'][row]
            points = np.array(each['keypoints']).reshape(-1, 3)
            for left, right in pairs:
                points[[left, right]] = points[[right, left]]
            each['keypoints'] = points.ravel().tolist()
    return change


def never(coco, folder):
    for each in coco['annotations']:
        each['keypoints'][9:12] = [0, 0, 0]
        each['num_keypoints'] = 5


def write(data):
    return lambda coco, folder: (folder / '3.png').write_bytes(data)


def cut(coco, folder):
    data = (folder / '3.png').read_bytes()
    (folder / '3.png').write_bytes(data[:len(data) // 2])


def cut_jpeg(coco, folder):
    cv2.imwrite(str(folder / '3.jpg'), picture(3))
    data = (folder / '3.jpg').read_bytes()
    (folder / '3.png').write_bytes(data[:len(data) // 2])


def cmyk(coco, folder):
    Image.fromarray(picture(3)).convert('CMYK').save(folder / '3.jpg')
    coco['images'][3]['file_name'] = '3.jpg'


def deep(coco, folder):
    cv2.imwrite(str(folder / '3.png'), picture(3).astype(np.uint16) * 16)


def turned(orientation):
    def change(coco, folder):
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(picture(3)).save(folder / '3.jpg', exif=exif)
        coco['images'][3]['file_name'] = '3.jpg'
        if orientation > 10:
            coco['images'][3].update(width=120, height=160)
    return change


def labelled_turned(coco, folder):
    turned(6)(coco, folder)
    coco['images'][3].update(width=120, height=160)


def bomb(side):
    """A file that says it is huge; nothing of it is decoded."""
    def change(coco, folder):
        import struct
        import zlib
        head = b'IHDR' + struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)
        (folder / '3.png').write_bytes(
            b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + head
            + struct.pack('>I', zlib.crc32(head)) + struct.pack('>I', 0)
            + b'IDAT' + struct.pack('>I', zlib.crc32(b'IDAT')))
        coco['images'][3].update(width=side, height=side)
    return change


def listed_twice(coco, folder):
    coco['images'][3]['file_name'] = '4.png'


def copied(coco, folder):
    shutil.copy(folder / '4.png', folder / '3.png')


FAULTS = {
    'image-missing': ('error', 1, image(file_name='none.png')),
    'image-empty': ('error', 1, write(b'')),
    'image-pointer': ('error', 1, write(
        b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n')),
    'image-unreadable': ('error', 1, write(b'<html>not found</html>')),
    'image-truncated': ('error', 1, cut),
    'image-truncated jpeg': ('error', 1, cut_jpeg),
    'image-cmyk': ('warning', 1, cmyk),
    'image-16bit': ('warning', 1, deep),
    'image-turned': ('warning', 1, turned(3)),
    'image-turned labelled': ('note', 1, labelled_turned),
    'image-size exif': ('error', 1, turned(6)),
    'image-size': ('error', 1, image(width=150)),
    'image-huge': ('warning', 1, bomb(9000)),
    'image-bomb': ('error', 1, bomb(60000)),
    'image-repeated': ('warning', 1, listed_twice),
    'image-copy': ('note', 1, copied),
    'size-stated': ('error', 1, image(width=None)),
    'file-name': ('error', 1, image(file_name=7)),
    'keypoint-outside': ('warning', 1, point(3, 99, 130, 2)),
    'keypoint-nan': ('error', 1, point(3, math.nan, 9, 2)),
    'keypoint-nan null': ('error', 1, point(3, None, 9, 2)),
    'keypoint-origin': ('error', 1, point(3, 0, 0, 2)),
    'keypoint-share': ('error', NUMBER, shares),
    'keypoint-count': ('error', 1, fewer),
    'keypoints-none': ('note', 1, unlabelled),
    'keypoints-absent': ('note', 1, lose('keypoints')),
    'keypoints-form': ('error', 1, ann(keypoints='1 2 2')),
    'keypoint-text': ('error', 1, point(3, 'x', 9, 2)),
    'keypoint-never': ('warning', 1, never),
    'visibility-lost': ('warning', 1, no_visibility),
    'visibility-zero': ('note', 1, point(3, 99, 99, 0)),
    'visibility-value': ('error', 1, point(3, 99, 99, -1)),
    'visibility-high': ('warning', 1, point(3, 80, 95, 3)),
    'num-keypoints': ('warning', 1, ann(num_keypoints=3)),
    'num-keypoints-zero': ('error', 1, ann(num_keypoints=0)),
    'box-missing': ('error', 1, lose('bbox')),
    'box-text': ('error', 1, ann(bbox=[1, 2, 3])),
    'box-empty': ('warning', 1, ann(bbox=[50, 35, 0, 65])),
    'box-outside': ('warning', 1, ann(bbox=[50, 35, 60, 150])),
    'box-corners': ('error', NUMBER, corners),
    'box-corners one': ('error', 1, one_corners),
    'box-elsewhere': ('warning', 1, ann(bbox=[0, 0, 20, 20])),
    'id-repeated': ('error', 1, repeat('annotations')),
    'id-repeated image': ('error', 1, repeat('images')),
    'id-text': ('error', 1, ann(image_id='3')),
    'id-text too large': ('error', 1, ann(category_id=10**19)),
    'keypoint-text list': ('error', 1, point(3, [], 9, 2)),
    'category-form': ('error', 1, lambda coco, folder:
                      coco['categories'].append(dict(id=[], name='x'))),
    'category-form null': ('error', 1, lambda coco, folder:
                           coco['categories'].append(None)),
    'field-missing': ('error', 1, lose('category_id')),
    'image-unlisted': ('warning', 1, ann(image_id=777)),
    'entry-form': ('error', 1, lambda coco, folder:
                   coco['annotations'].append(None)),
    'person-twice': ('warning', 1, twice),
    'category-unknown': ('error', 1, ann(category_id=9)),
    'iscrowd': ('error', 1, ann(iscrowd='0')),
    'area-missing': ('warning', 1, lose('area')),
    'area': ('error', 1, ann(area=0)),
    'sides-pair': ('warning', 1, exchange([(4, 5)])),
    'sides-whole': ('warning', 1, exchange([(1, 2), (4, 5)])),
    'sides-all': ('warning', NUMBER, exchange(
        [(1, 2), (4, 5)], range(NUMBER))),
    'nobody': ('error', 1, every(iscrowd=1)),
    'no-keypoints': ('error', 1, boxes_alone),
    'not-coco': ('error', 1, lambda coco, folder: [1]),
    'not-coco categories': ('error', 1, lambda coco, folder:
                            dict(coco, categories=None)),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_fault_is_found(planted, fault):
    severity, count, change = FAULTS[fault]
    findings, files = planted(lambda *args: change(*args)
                              if fault.startswith('not-coco') else
                              (change(*args), None)[1])

    found = kinds(findings)
    assert found.get(fault.split()[0]) == (severity, count), found
    finding, = [each for each in findings if each.kind == fault.split()[0]]
    assert 'train.json' in finding.text
    assert finding.cure or fault.split()[0] in (
        'not-coco', 'nobody')
    if fault.split()[0] not in ('not-coco', 'nobody', 'no-keypoints',
                                'keypoint-never'):
        assert finding.examples
    sheet = draw_sheet(findings, files)
    assert sheet is None or sheet.dtype == np.uint8 and sheet.ndim == 3


def val_of(clean, tmp_path, make):
    """Ten other pictures, one of them made from picture 5 of training."""
    folder = tmp_path / 'val'
    folder.mkdir()
    for i in range(10):
        cv2.imwrite(str(folder / f'{i}.png'), picture(100 + i))
    make(clean[0] / '5.png', folder)
    names = sorted(path.name for path in folder.iterdir())
    coco = clean[1]
    file = tmp_path / 'val.json'
    file.write_text(json.dumps(dict(
        coco, images=[dict(id=i, file_name=name, width=160, height=120)
                      for i, name in enumerate(names)],
        annotations=coco['annotations'][:len(names)])))
    return dict(val=file, val_images=folder)


@pytest.mark.parametrize('make, expected', [
    (lambda source, folder: None, {}),
    (lambda source, folder: shutil.copy(source, folder / 'same.png'),
     {'leak-file': ('error', 1)}),
    (lambda source, folder: Image.open(source).point(
        lambda value: value * .8).convert('RGB').save(
            folder / 'near.jpg', quality=60),
     {'leak-picture': ('warning', 1)}),
], ids=['clean', 'file', 'picture'])
def test_leakage(planted, clean, tmp_path, make, expected):
    findings, _ = planted(**val_of(clean, tmp_path, make))
    assert kinds(findings) == expected
    if findings:
        assert '5.png' in findings[0].text


def metainfo(tmp_path, **changes):
    keypoints = {i: dict(name=name, id=i, swap='')
                 for i, name in enumerate(NAMES)}
    for left, right in ((1, 2), (4, 5)):
        keypoints[left]['swap'] = NAMES[right]
        keypoints[right]['swap'] = NAMES[left]
    for index, swap in changes.pop('swaps', {}).items():
        keypoints[index]['swap'] = swap
    names = changes.pop('names', {})
    for index, name in names.items():
        keypoints[index]['name'] = name
    info = dict(
        dataset_name='mine', keypoint_info=keypoints, skeleton_info={},
        joint_weights=[1.] * 6, sigmas=[.05] * 6)
    info.update(changes)
    file = tmp_path / 'mine.py'
    file.write_text(f'dataset_info = {info!r}')
    return read_metainfo(str(file))


@pytest.mark.parametrize('changes, expected', [
    ({}, {}),
    (dict(sigmas=[.05] * 5), {'sigmas': ('error', 1)}),
    (dict(joint_weights=[1.] * 5), {'joint-weights': ('error', 1)}),
    (dict(swaps={1: ''}), {'swap-one-sided': ('error', 1)}),
    (dict(swaps={1: '', 2: ''}), {'swap-names': ('warning', 2)}),
    (dict(names={0: 'tail', 3: 'nose'}), {'keypoint-order': ('error', 2)}),
    (dict(names={3: 'rump'}), {'keypoint-names': ('note', 1)}),
])
def test_metainfo_is_checked(planted, tmp_path, changes, expected):
    given = metainfo(tmp_path, **changes)
    found = kinds(planted(metainfo=given)[0])
    assert {kind: each for kind, each in found.items()
            if not kind.startswith('sides')} == expected


def test_unknown_metainfo_is_one_sentence(tmp_path):
    with pytest.raises(MetainfoError, match="no metainfo.*'cocoo'.*ap10k"):
        read_metainfo('cocoo')
    with pytest.raises(MetainfoError, match="'paw' is no name"):
        metainfo(tmp_path, swaps={1: 'paw'})


@pytest.mark.parametrize('name, file, expected', [
    # Two people far away, of whom nothing is labelled.
    ('coco', 'coco/test_coco.json', {'keypoints-none': ('note', 2)}),
    ('coco_wholebody', 'coco/test_coco_wholebody.json',
     {'keypoints-none': ('note', 2)}),
    # AI Challenger has no areas.
    ('aic', 'aic/test_aic.json', {'area-missing': ('warning', 9)}),
    # Its names are 'left_eye', MMPose's 'L_Eye'; neither animal shows its
    # right eye.
    ('ap10k', 'ap10k/test_ap10k.json',
     {'keypoint-names': ('note', 14), 'keypoint-never': ('warning', 1)}),
    ('ochuman', 'ochuman/test_ochuman.json', {}),
    # Its own form is no COCO file.
    ('mpii', 'mpii/test_mpii.json', {'not-coco': ('error', 1)}),
])
def test_what_is_said_of_published_files_is_true(real_data, name, file,
                                                 expected):
    file = real_data / file
    assert kinds(check_data(file, file.parent)[0]) == {
        kind: each for kind, each in expected.items()
        if kind != 'keypoint-names'}
    given = read_metainfo(name)
    assert kinds(check_data(file, file.parent, given)[0]) == expected


@pytest.mark.parametrize('held, expected', [
    (lambda number: number % 2, {'leak-video': ('warning', 45)}),
    # Blocks, and the frames beside them on neither side.
    (lambda number: None if number in (30, 61) else 30 < number < 61, {})])
def test_neighbours_of_a_fixed_camera_are_not_taken_for_one_picture(
        real_data, tmp_path, held, expected):
    """Mirror mouse, converted, all frames of one video."""
    folder = real_data / 'mirror-mouse'
    rows = list(csv.reader((folder / 'CollectedData.csv').open()))
    names, parts, number = rows[1][1::2], ([], []), 0
    for row in rows[3:]:
        points = [[float(x), float(y), 2] if x else [0, 0, 0]
                  for x, y in zip(row[1::2], row[2::2])]
        number += 1
        if held(number) is not None:
            parts[held(number)].append((number, row[0], points))
    files = []
    for name, part in zip(('train', 'val'), parts):
        files.append(tmp_path / f'{name}.json')
        files[-1].write_text(json.dumps(dict(
            images=[dict(id=number, file_name=path, width=396, height=406)
                    for number, path, _ in part],
            annotations=[dict(
                id=number, image_id=number, category_id=1, iscrowd=0,
                area=396 * 406, bbox=[0, 0, 396, 406],
                keypoints=sum(points, []),
                num_keypoints=sum(point[2] > 0 for point in points))
                for number, _, points in part],
            categories=[dict(id=1, name='mouse', keypoints=names)])))
    findings, _ = check_data(files[0], folder, val=files[1])
    assert kinds(findings) == expected


@pytest.mark.parametrize('named, expected', [
    (dict(video='clip'), {'leak-video': ('warning', 2)}), ({}, {})])
def test_of_pictures_that_are_not_alike_the_file_tells_the_video(
        planted, clean, tmp_path, named, expected):
    """Names alone, which differ in a number, make no video: COCO's do too."""
    def change(coco, folder):
        for one in coco['images']:
            one.update(named)

    for i in (3, 20):
        cv2.imwrite(str(tmp_path / f'{i}.png'), picture(i + 100))
    coco = copy.deepcopy(clean[1])
    coco['images'] = [dict(coco['images'][i], **named) for i in (3, 20)]
    coco['annotations'] = [coco['annotations'][i] for i in (3, 20)]
    (tmp_path / 'val.json').write_text(json.dumps(coco))
    findings, _ = planted(change, val=tmp_path / 'val.json',
                          val_images=tmp_path)
    assert kinds(findings) == expected
