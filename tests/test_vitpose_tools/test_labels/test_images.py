# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import subprocess

import numpy as np
import pytest

from vitpose_tools.labels.images import Video

ffmpeg = pytest.importorskip('imageio_ffmpeg')

NUMBER = 60
ORDERS = {'forward': range(0, NUMBER, 7), 'back': (50, 3, 3, 59, 0)}


def frame(index):
    """Six stripes that write the index in binary, (32, 96)."""
    bits = np.array([index >> bit & 1 for bit in range(6)], np.uint8)
    return (bits * 190 + 30).repeat(16)[None].repeat(32, 0)


def index_of(picture):
    """What the stripes of a frame say."""
    return sum(1 << bit for bit in range(6)
               if picture[:, 16 * bit + 4:16 * bit + 12].mean() > 125)


@pytest.fixture(scope='module', params=[
    ('bframes.mp4', ['-bf', '8', '-g', '25']),
    # OpenCV finds hardly a frame of it by number.
    ('stream.ts', ['-bf', '3']),
    ('variable.mkv', ['-bf', '3', '-fps_mode', 'vfr', '-vf',
                      "setpts='N/30/TB+if(gt(N,20),1.7/TB,0)'"])],
    ids=lambda one: one[0])
def clip(request, tmp_path_factory):
    """A video whose frames say their numbers."""
    name, options = request.param
    path = tmp_path_factory.mktemp('clip') / name
    subprocess.run(
        [ffmpeg.get_ffmpeg_exe(), '-loglevel', 'error', '-f', 'rawvideo',
         '-pix_fmt', 'gray', '-s', '96x32', '-r', '30', '-i', '-', '-c:v',
         'libx264', '-pix_fmt', 'yuv420p', *options, str(path)],
        input=b''.join(frame(i).tobytes() for i in range(NUMBER)), check=True,
        timeout=300)
    return path


@pytest.mark.parametrize('order', ORDERS)
def test_each_frame_is_the_one_of_its_number(clip, order):
    video = Video(clip)
    for index in ORDERS[order]:
        assert index_of(video.frame(index)) == index

    assert video.frame(NUMBER) is None
    assert index_of(video.frame(5)) == 5


def test_what_is_no_video_has_no_frame(tmp_path):
    (tmp_path / 'a.mp4').write_bytes(b'no video')

    assert Video(tmp_path / 'a.mp4').frame(0) is None
