# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import socket

import cv2
import numpy as np
import pytest

from vitpose_tools.labels import LabelsError

sio = pytest.importorskip('sleap_io')
h5py = pytest.importorskip('h5py')

# Two frames of two animals, three nodes: x, y.
PLACES = np.array([[[[1, 2], [3, 4], [5, 6.5]], [[11, 12], [13, 14], [15, 1]]],
                   [[[2, 2], [9, 8], [7, 6.5]], [[21, 1], [23, 24], [25, 6]]]])


def make(video, frames):
    skeleton = sio.Skeleton(['nose', 'ear', 'tail'],
                            edges=[('ear', 'nose'), ('nose', 'tail')],
                            name='mouse')
    tracks = [sio.Track('Anna'), sio.Track('Bo')]
    labelled = []
    for frame, places in zip(frames, PLACES):
        instances = [sio.Instance.from_numpy(one, skeleton, track=track)
                     for one, track in zip(places, tracks)]
        labelled.append(sio.LabeledFrame(video, frame, instances))
    return sio.Labels(labelled)


@pytest.fixture
def clip(tmp_path):
    """Eight frames of noise that no codec changes, and they themselves."""
    rng = np.random.default_rng(0)
    frames = np.kron(rng.integers(0, 255, (8, 3, 4, 3), np.uint8),
                     np.ones((1, 16, 16, 1), np.uint8))
    path = tmp_path / 'videos' / 'clip.avi'
    path.parent.mkdir()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'FFV1'), 5,
                             (64, 48))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path, frames


def check(coco, labels, names):
    found = labels.by_name(coco)
    assert list(found) == sorted(names)
    for name, places in zip(names, PLACES):
        for keypoints, expected in zip(found[name], places):
            assert np.array_equal(keypoints[:, :2], expected)
            assert (keypoints[:, 2] == 2).all()
    category = coco['categories'][0]
    assert category['name'] == 'mouse'
    assert category['keypoints'] == ['nose', 'ear', 'tail']
    assert category['skeleton'] == [[2, 1], [1, 3]]
    assert [one['individual'] for one in coco['annotations']] == [
        'Anna', 'Bo'] * 2


def close(a, b):
    """Whether pictures are the same but for the rounding of colours."""
    return np.abs(a.astype(int) - b).max() <= 3


def test_frames_of_a_video_are_extracted(labels, clip, tmp_path):
    path, frames = clip
    source = make(sio.Video(str(path)), [6, 2])
    source.save(str(tmp_path / 'labels.slp'))
    labels.run(tmp_path / 'labels.slp', tmp_path / 'out', split='none')

    coco = labels.read(tmp_path / 'out', 'train')
    check(coco, labels, ['000006.png', '000002.png'])
    assert [(one['video'], one['frame_index']) for one in coco['images']] == [
        ('clip', 2), ('clip', 6)]
    for index in (6, 2):
        picture = cv2.imread(str(tmp_path / 'out' / 'images' /
                                 f'{index:06d}.png'))
        assert close(picture, frames[index])


def test_a_video_of_another_machine_is_found(labels, clip, tmp_path):
    path, _ = clip
    source = make(sio.Video(r'D:\somebody\videos\clip.avi',
                            open_backend=False), [0, 1])
    source.save(str(tmp_path / 'labels.slp'))
    labels.run(tmp_path / 'labels.slp', tmp_path / 'out', split='none')

    check(labels.read(tmp_path / 'out', 'train'), labels,
          ['000000.png', '000001.png'])


def test_pictures_inside_the_file_are_taken_out(labels, clip, tmp_path):
    path, frames = clip
    make(sio.Video(str(path)), [6, 2]).save(
        str(tmp_path / 'labels.pkg.slp'), embed='user')
    path.unlink()
    labels.run(tmp_path / 'labels.pkg.slp', tmp_path / 'out', split='none')

    coco = labels.read(tmp_path / 'out', 'train')
    check(coco, labels, ['000006.png', '000002.png'])
    for index in (6, 2):
        picture = cv2.imread(str(tmp_path / 'out' / 'images' /
                                 f'{index:06d}.png'))
        assert close(picture, frames[index])


def test_lists_of_pictures_are_linked(labels, tmp_path):
    files = [labels.draw(tmp_path / 'frames' / f'{i}.png') for i in range(3)]
    source = make(sio.Video([str(file) for file in files]), [2, 0])
    source.save(str(tmp_path / 'labels.slp'))
    summary = labels.run(tmp_path / 'labels.slp', tmp_path / 'out',
                         split='none')

    check(labels.read(tmp_path / 'out', 'train'), labels, ['2.png', '0.png'])
    assert summary['images'] == dict(linked=2)


def test_what_is_no_label_is_counted(labels, tmp_path):
    files = [labels.draw(tmp_path / 'frames' / f'{i}.png') for i in range(3)]
    source = make(sio.Video([str(file) for file in files]), [2, 0])
    first, second = source.labeled_frames
    first.instances[0].points['visible'][1] = False
    second.instances[0].points['xy'][2] = np.nan
    second.instances.append(sio.PredictedInstance.from_numpy(
        PLACES[0, 0], source.skeleton, score=1.))
    source.save(str(tmp_path / 'labels.slp'))
    summary = labels.run(tmp_path / 'labels.slp', tmp_path / 'out',
                         split='none')

    assert summary['skipped'] == {
        'keypoints marked as not visible, which SLEAP does not train on '
        'either': 1, 'predicted instances, which nobody labelled': 1}
    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert found['2.png'][0].tolist() == [[1, 2, 2], [0, 0, 0], [5, 6.5, 2]]
    assert found['0.png'][0].tolist() == [[2, 2, 2], [9, 8, 2], [0, 0, 0]]


def test_a_missing_video_is_said(labels, tmp_path):
    make(sio.Video('gone.mp4', open_backend=False), [0, 1]).save(
        str(tmp_path / 'labels.slp'))

    with pytest.raises(LabelsError, match='2 pictures not found.*--images'):
        labels.run(tmp_path / 'labels.slp', tmp_path / 'out')


@pytest.mark.parametrize('embed', [False, True])
def test_addresses_in_a_file_are_not_followed(
        labels, clip, tmp_path, monkeypatch, embed):
    path, _ = clip
    file = tmp_path / 'labels.pkg.slp'
    make(sio.Video(str(path)), [6, 2]).save(
        str(file), embed='user' if embed else False)
    url = 'http://example.invalid/clip.avi'
    with h5py.File(file, 'a') as opened:
        if embed:
            attrs = opened['video0/source_video'].attrs
            assert str(path) in attrs['json']
            attrs['json'] = attrs['json'].replace(str(path), url)
        else:
            value = opened['videos_json'][0]
            assert str(path).encode() in value
            opened['videos_json'][0] = value.replace(
                str(path).encode(), url.encode())

    path.unlink()

    def refuse(*args, **kwargs):
        pytest.fail('an address was looked up')
    monkeypatch.setattr(socket, 'getaddrinfo', refuse)
    monkeypatch.setattr(cv2, 'VideoCapture', refuse)
    if embed:
        labels.run(file, tmp_path / 'out', split='none')
    else:
        with pytest.raises(LabelsError, match='pictures not found'):
            labels.run(file, tmp_path / 'out', split='none')


@pytest.mark.parametrize('content', [b'', b'text'])
def test_what_is_no_slp_file_is_said(labels, tmp_path, content):
    (tmp_path / 'labels.slp').write_bytes(content)

    with pytest.raises(LabelsError, match='is no SLEAP file'):
        labels.run(tmp_path / 'labels.slp', tmp_path / 'out')


def test_the_missing_library_is_named(labels, tmp_path, monkeypatch):
    import sys
    monkeypatch.setitem(sys.modules, 'sleap_io', None)
    (tmp_path / 'labels.slp').write_bytes(b'')

    with pytest.raises(LabelsError, match=r'pip install "vitpose_mm\[labels'):
        labels.run(tmp_path / 'labels.slp', tmp_path / 'out')


def test_a_frame_that_is_there_twice_is_one(labels, clip, tmp_path):
    path, _ = clip
    source = make(sio.Video(str(path)), [6, 6])
    source.save(str(tmp_path / 'labels.slp'))
    summary = labels.run(tmp_path / 'labels.slp', tmp_path / 'out',
                         split='none')

    assert summary['files']['train'] == dict(images=1, annotations=4)


def test_of_two_skeletons_one_is_taken(labels, clip, tmp_path):
    path, _ = clip
    source = make(sio.Video(str(path)), [1, 4])
    other = sio.Skeleton(['lid'], name='box')
    source.skeletons.append(other)
    source.save(str(tmp_path / 'unused.slp'))
    labels.run(tmp_path / 'unused.slp', tmp_path / 'a', split='none')
    check(labels.read(tmp_path / 'a', 'train'), labels,
          ['000001.png', '000004.png'])

    source.labeled_frames[0].instances.append(
        sio.Instance.from_numpy(np.array([[3., 4.]]), other))
    source.save(str(tmp_path / 'both.slp'))
    with pytest.raises(LabelsError, match="'mouse', 'box' with --category"):
        labels.run(tmp_path / 'both.slp', tmp_path / 'b')
    summary = labels.run(tmp_path / 'both.slp', tmp_path / 'b', split='none',
                         category='box')
    assert summary['keypoints'] == ['lid']
    assert summary['skipped'] == {'instances of another skeleton': 4,
                                  'pictures without labels': 1}


def test_symmetries_are_carried_on(labels, clip, tmp_path):
    path, _ = clip
    source = make(sio.Video.from_filename(str(path)), (1, 6))
    source.skeletons[0].add_symmetry('tail', 'ear')
    source.save(str(tmp_path / 'labels.slp'))
    labels.run(tmp_path / 'labels.slp', tmp_path / 'out', val=0.5)

    category, = labels.read(tmp_path / 'out', 'train')['categories']
    assert category['flip_pairs'] == [['ear', 'tail']]
