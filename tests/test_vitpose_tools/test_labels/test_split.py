# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest

from vitpose_tools.labels import LabelsError
from vitpose_tools.labels.records import Picture
from vitpose_tools.labels.split import LEFT_OUT, split_pictures


def frames(number, video=None, name='img{}.png'):
    return [Picture(name.format(i), [], video=video,
                    frame_index=None if video is None else i)
            for i in range(number)]


@pytest.mark.parametrize('total', [2, 3, 4, 10, 90, 401])
@pytest.mark.parametrize('val', [0.01, 0.2, 0.5, 0.95])
@pytest.mark.parametrize('seed', range(3))
def test_neighbours_of_one_video_are_on_one_side(total, val, seed):
    pictures = frames(total)
    parts, how, left_out = split_pictures(pictures[::-1], 'auto', val, seed)

    train = {pictures.index(one) for one in parts['train']}
    held = {pictures.index(one) for one in parts['val']}
    assert train and len(held) == min(max(1, round(val * total)), total - 1)
    assert not train & held
    assert len(train) + len(held) + left_out[LEFT_OUT] == total
    if total - len(held) > 1:
        assert not {i + 1 for i in held} & train
        assert not {i - 1 for i in held} & train
    else:
        assert 'too few frames' in how


def test_long_videos_are_held_out_in_several_blocks():
    _, how, left_out = split_pictures(frames(500), 'auto', 0.2, 0)

    assert how == '5 blocks of one video'
    assert 8 <= left_out[LEFT_OUT] <= 10


def test_videos_stay_together():
    videos = {name: frames(number, name) for name, number in
              dict(a=50, b=20, c=20, d=10).items()}
    pictures = sum(videos.values(), [])
    seen = set()
    for seed in range(20):
        parts, how, left_out = split_pictures(pictures, 'auto', 0.2, seed)
        held = {one.video for one in parts['val']}
        seen.add(frozenset(held))
        assert held and not held & {one.video for one in parts['train']}
        assert len(parts['val']) + len(parts['train']) == 100
        assert 10 <= len(parts['val']) <= 30
        assert how == f'{len(held)} of 4 videos'
    assert len(seen) > 1


def test_copies_of_a_picture_stay_together():
    """Roboflow's copies of a frame, and frames of clips told by names."""
    pictures = [Picture(f'clip{clip}_{i}_jpg.rf.{i}{copy}ab.jpg', [])
                for clip in 'xyz' for i in range(4) for copy in range(3)]
    parts, _, _ = split_pictures(pictures, 'auto', 0.3, 0)

    assert {one.name[:5] for one in parts['val']}.isdisjoint(
        one.name[:5] for one in parts['train'])


def test_single_frames_only_when_asked_for():
    parts, how, left_out = split_pictures(frames(90), 'frame', 0.2, 3)
    other, _, _ = split_pictures(frames(90), 'frame', 0.2, 4)

    assert len(parts['val']) == 18 and len(parts['train']) == 72
    assert not left_out
    assert [one.name for one in parts['val']] != [
        one.name for one in other['val']]


def test_the_split_of_the_source_is_kept_unless_another_is_asked_for():
    pictures = frames(9)
    for i, picture in enumerate(pictures):
        picture.split = ('train', 'val', 'test')[i % 3]
    parts, how, _ = split_pictures(pictures, 'auto', 0.5, 0)
    assert {name: len(part) for name, part in parts.items()} == dict(
        train=3, val=3, test=3)
    assert how == 'the one of the source'

    parts, _, _ = split_pictures(pictures, 'none', 0.5, 0)
    assert len(parts['train']) == 9 and list(parts) == ['train']


@pytest.mark.parametrize('number, how, text', [
    (1, 'auto', '--split none'), (9, 'video', '--split auto')])
def test_what_cannot_be_split_is_said(number, how, text):
    with pytest.raises(LabelsError, match=text):
        split_pictures(frames(number), how, 0.2, 0)


@pytest.mark.parametrize('name', [
    'clip{0}_{1:04}.png', 'clip{0}/{1}_left_v2.png', '{0}/img-{1}.cam1.png',
    '{1:04}_clip{0}.png', '0a1b2c{1:02}-clip{0}_{1}.png'])
def test_frames_of_a_video_are_told_by_many_forms_of_names(name):
    pictures = [Picture(name.format(clip, i), []) for clip in 'xyz'
                for i in range(20)]
    parts, how, _ = split_pictures(pictures, 'auto', 0.3, 0)

    assert how == '1 of 3 videos' and len(parts['val']) == 20


def test_a_split_by_video_looks_through_that_of_the_source():
    """Roboflow shares the frames of one video out."""
    pictures = [Picture(f'{split}/clip{clip}_{i}.png', [], split=split)
                for i, split in enumerate(['train', 'train', 'valid'] * 4)
                for clip in 'xyz']
    parts, _, _ = split_pictures(pictures, 'video', 0.3, 0)

    assert {one.name.split('_')[0][-1] for one in parts['val']}.isdisjoint(
        one.name.split('_')[0][-1] for one in parts['train'])


@pytest.mark.parametrize('seed', range(5))
def test_no_frame_is_as_near_as_labelled_frames_usually_are(seed):
    """Labels are irregular: runs of frames, and far between."""
    indices = [100 * i + j for i in range(40) for j in range(1 + i % 4)]
    pictures = [Picture(f'{i}.png', [], video='a', frame_index=i)
                for i in indices]
    parts, _, left_out = split_pictures(pictures, 'auto', 0.2, seed)

    usual = sorted(b - a for a, b in zip(indices, indices[1:]))[
        (len(indices) - 1) // 2]
    assert usual == 1
    nearest = min(abs(a.frame_index - b.frame_index)
                  for a in parts['train'] for b in parts['val'])
    assert nearest > usual
    assert left_out[LEFT_OUT] < 30 and len(parts['train']) > 40
