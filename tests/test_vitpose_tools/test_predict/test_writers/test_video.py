# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from fractions import Fraction

import numpy as np
import pytest

from vitpose_tools.predict.frame import Frame
from vitpose_tools.predict.writers import open_writers

av = pytest.importorskip('av')


def read(path):
    """Frames (BGR) with their times, and packets of the sound."""
    with av.open(str(path)) as file:
        frames = [(frame.to_ndarray(format='bgr24'), frame.time)
                  for frame in file.decode(video=0)]
    with av.open(str(path)) as file:
        packets = [(bytes(packet), float(packet.pts * packet.time_base))
                   for packet in file.demux(audio=0)
                   if packet.dts is not None] if file.streams.audio else []
        return frames, packets, file.streams.video[0].average_rate


def write(source, frames, make, skeleton, out, fps=25.):
    with open_writers(out, ['video'], skeleton) as writers:
        for index, image in enumerate(frames):
            _, poses = make(str(source), index, people=0)
            writers.write(Frame(image, str(source), index, fps), poses)
    return writers


@pytest.mark.parametrize('fps, size, codec, suffix', [
    (Fraction(25), (64, 48), 'aac', '.mp4'),
    (Fraction(30000, 1001), (64, 48), 'aac', '.mkv'),
    (Fraction(25), (64, 48), 'pcm_s16le', '.mov'),
    (Fraction(10), (64, 48), 'pcm_s16le', '.avi')])
def test_frames_and_sound_are_kept(film, make, skeleton, tmp_path, fps, size,
                                   codec, suffix):
    # More than the 10 seconds that FFmpeg waits for the other stream.
    path = film(f'ä b{suffix}', 140 if fps == 10 else 20, fps, size, codec)
    before, sound, _ = read(path)
    writers = write(path, [frame for frame, _ in before], make, skeleton,
                    tmp_path / 'o', float(fps))
    drawn, = writers.files
    assert drawn.name == ('ä b.mkv' if suffix == '.avi' else f'ä b{suffix}')
    after, packets, rate = read(drawn)
    assert rate == fps and len(after) == len(before)
    assert [packet for packet, _ in packets] == [one for one, _ in sound]
    np.testing.assert_allclose([time for _, time in packets],
                               [time for _, time in sound], atol=2e-3)
    np.testing.assert_allclose([time for _, time in after],
                               [time for _, time in before], atol=2e-3)
    for (one, _), (other, _) in zip(before, after):
        assert one.shape == other.shape
        assert abs(one.mean() - other.mean()) < 4
    assert not writers.notes


def test_odd_sizes_are_kept(make, skeleton, tmp_path):
    images = [np.full((47, 65, 3), 100 + index, np.uint8)
              for index in range(5)]
    path, = write('a.mp4', images, make, skeleton, tmp_path / 'o').files
    frames, packets, _ = read(path)
    assert [frame.shape for frame, _ in frames] == [(47, 65, 3)] * 5
    assert not packets


def test_frames_of_another_size_are_scaled_and_named(make, skeleton,
                                                     tmp_path):
    images = [np.full((48, 64, 3), 200, np.uint8),
              np.full((100, 100, 3), 200, np.uint8),
              np.full((48, 64, 3), 200, np.uint8)]
    writers = write('a.mp4', images, make, skeleton, tmp_path / 'o')
    frames, _, _ = read(writers.files[0])
    assert [frame.shape for frame, _ in frames] == [(48, 64, 3)] * 3
    middle = frames[1][0].mean(-1)
    # A square in the middle on black.
    assert middle[:, 12:52].min() > 150 and middle[:, :4].max() < 60
    assert writers.notes == [
        'a.mp4: frame 1 is 100x100 where the first is 64x48; such frames are '
        'scaled in the drawn video, not in the other results']


def test_a_video_that_broke_off_can_be_played(film, make, skeleton,
                                              tmp_path):
    path = film('a.mp4', 100)
    before, sound, _ = read(path)
    with pytest.raises(KeyboardInterrupt):
        with open_writers(tmp_path / 'o', ['video'], skeleton) as writers:
            for index, (image, _) in enumerate(before[:50]):
                _, poses = make(str(path), index, people=0)
                writers.write(Frame(image, str(path), index, 25.), poses)
            raise KeyboardInterrupt
    frames, packets, _ = read(writers.files[0])
    assert len(frames) == 50
    # The sound ends with the pictures, at 2 seconds.
    assert [one for one, _ in packets] == [
        one for one, time in sound if time < 2]


def test_a_camera_without_a_rate_is_said_to_have_one(make, skeleton,
                                                     tmp_path):
    images = [np.zeros((48, 64, 3), np.uint8)] * 3
    writers = write('camera 0', images, make, skeleton, tmp_path / 'o', None)
    assert writers.files[0].name == 'camera 0.mkv'
    assert 'camera 0 states no frames per second' in writers.notes[0]
    assert read(writers.files[0])[2] == 30
