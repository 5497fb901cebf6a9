# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from vitpose_tools.predict import PredictError, inputs
from vitpose_tools.predict.frame import Frame
from vitpose_tools.predict.inputs import Inputs, Unreadable, read_lines

GREY = np.full((6, 8, 3), 99, np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Eleven pictures of different widths, and what is none."""
    place = tmp_path / 'mit Leerzeichen ü'
    place.mkdir()
    for number in range(1, 12):
        Image.new('RGB', (number, 5)).save(place / f'{number}.png')
    (place / 'notes.txt').write_text('no picture')
    (place / '._1.png').write_text('of a file system')
    return place


def test_files_of_a_folder_come_in_natural_order(folder):
    for given in (folder, str(folder), folder / '*.png',
                  [folder / '[1-3].png', *(folder / f'{n}.png'
                                           for n in range(4, 12))]):
        found = Inputs(given)
        assert not found.is_single and found.count() == 11
        frames = list(found)
        assert [frame.image.shape[1] for frame in frames] == list(
            range(1, 12))
        assert frames[1].source.endswith('2.png')
        assert all(frame.index is None for frame in frames)


def test_one_image_is_told_from_a_list_of_one(folder):
    one = folder / '3.png'
    for given in (one, str(one), GREY, Image.open(one),
                  torch.zeros(3, 5, 5)):
        assert Inputs(given).is_single
        for many in ([given], (given, ), iter([given])):
            assert not Inputs(many).is_single
            assert len(list(Inputs(many))) == 1
    batch = np.stack([GREY, GREY])
    assert not Inputs(batch).is_single and len(list(Inputs(batch))) == 2
    assert list(Inputs([])) == [] and Inputs([]).count() == 0


def test_frames_of_a_video_know_their_place(write_video, tmp_path):
    path = write_video(frames=5)
    found = Inputs([path, GREY, path])
    assert found.count() == 11 and not Inputs(path).is_single
    frames = list(found)
    assert [frame.index for frame in frames] == [*range(5), None, *range(5)]
    assert frames[3].fps == 25 and frames[3].source == str(path)
    assert frames[3].image[24, 14, 0] > 128 > frames[3].image[24, 4, 0]


def test_a_generator_is_read_as_it_comes():
    taken = []

    def generate():
        for number in range(3):
            taken.append(number)
            yield GREY

    found = Inputs(generate())
    assert found.count() is None
    for number, _ in enumerate(found):
        assert taken == list(range(number + 1))


def test_what_cannot_be_read_stands_between_what_can(folder, tmp_path):
    (folder / 'x.jpg').write_bytes(b'')
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'no.mp4').write_text('no video')
    given = [folder / '1.png', folder / 'x.jpg', tmp_path / 'empty',
             tmp_path / '*.bmp', tmp_path / 'no.mp4', tmp_path / 'absent.png',
             'https://a.b/c.png', np.zeros(3), folder / '2.png']
    items = list(Inputs(given))
    assert [type(item) for item in items] == [
        Frame, *[Unreadable] * 7, Frame]
    for item, reason in zip(items[1:8], [
            'it is empty', 'holds no image', 'no file of this pattern',
            'no.mp4 is no video', 'no such file', 'download it first',
            r'image 7 has the shape']):
        assert reason in item.reason and '\n' not in item.reason


def test_a_video_that_ends_early_is_told(write_video):
    path = write_video('cut.avi', frames=40)
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])
    *frames, last = Inputs(path)
    capture = cv2.VideoCapture(str(path))
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > len(frames) / .95:
        assert isinstance(last, Unreadable) and last.frames == len(frames)
        assert 'ends after' in last.reason
    assert all(isinstance(frame, Frame) for frame in frames)


def test_a_video_that_promises_more_frames_is_told(write_video, monkeypatch):
    class Promising(inputs.Video):
        def __init__(self, path):
            super().__init__(path)
            self.stated = 100

    monkeypatch.setattr(inputs, 'Video', Promising)
    *frames, last = Inputs(write_video(frames=9))
    assert len(frames) == last.frames == 9
    assert 'ends after 9 of the 100 frames' in last.reason


def test_a_camera_that_is_not_there_is_named():
    item, = Inputs('camera:/dev/no-such-camera')
    assert 'camera:/dev/no-such-camera: there is no such' in item.reason
    assert Inputs('camera:7').count() is None


@pytest.mark.parametrize('given', [None, 3, b'a.png', dict(a=1)])
def test_what_holds_no_images_is_refused(given):
    with pytest.raises(PredictError, match='images are a'):
        Inputs(given)


def test_a_list_on_stdin_keeps_spaces_and_skips_empty_lines():
    lines = ['a b.png\n', '\n', ' c.png\r\n', 'ä.png']
    assert list(read_lines(lines)) == ['a b.png', ' c.png', 'ä.png']
