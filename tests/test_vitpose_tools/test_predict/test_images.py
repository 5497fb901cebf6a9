# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import LoadImage
from PIL import Image

from vitpose_tools.predict import PredictError
from vitpose_tools.predict.images import as_image, read_image

RNG = np.random.default_rng(0)


def picture(*shape, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def save_turned(path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(20, 30, 3)).save(path, exif=exif)


@pytest.mark.parametrize('name, write', [
    ('ein Bild ä 图.png', lambda p: Image.fromarray(picture(8, 9, 3)).save(p)),
    ('grey.png', lambda p: Image.fromarray(picture(8, 9)).save(p)),
    ('alpha.png', lambda p: Image.fromarray(picture(8, 9, 4)).save(p)),
    ('deep.png', lambda p: cv2.imwrite(
        str(p), picture(8, 9, 3, dtype=np.uint16))),
    ('deep.tif', lambda p: cv2.imwrite(
        str(p), picture(8, 9, dtype=np.uint16))),
    ('palette.gif.png', lambda p: Image.fromarray(
        picture(8, 9, 3)).quantize(7).save(p)),
    ('printed.jpg', lambda p: Image.fromarray(
        picture(8, 9, 4), 'CMYK').save(p)),
    ('turned.jpg', save_turned),
])
def test_files_are_read_as_mmpose_reads_them(tmp_path, name, write):
    path = tmp_path / name
    write(path)
    expected = LoadImage()(dict(img_path=str(path)))['img']
    np.testing.assert_array_equal(read_image(path), expected)
    if name == 'turned.jpg':
        assert read_image(path).shape == (30, 20, 3)


def test_of_16_bits_the_high_byte_counts(tmp_path):
    deep = picture(8, 9, 3, dtype=np.uint16)
    cv2.imwrite(str(tmp_path / 'deep.png'), deep)
    np.testing.assert_array_equal(read_image(tmp_path / 'deep.png'),
                                  deep >> 8)
    np.testing.assert_array_equal(as_image(deep, ''), deep >> 8)
    one = Image.fromarray(deep[:, :, 0])
    assert one.mode.startswith('I;16')
    np.testing.assert_array_equal(
        as_image(one, ''), np.repeat(deep[:, :, :1] >> 8, 3, 2))


def test_all_forms_of_a_picture_are_the_same():
    bgr = picture(8, 9, 3)
    rgb = np.ascontiguousarray(bgr[:, :, ::-1])
    chw = torch.from_numpy(rgb).permute(2, 0, 1)
    assert as_image(bgr, '') is bgr
    for form in (np.dstack((bgr, picture(8, 9))), chw, chw / 255,
                 Image.fromarray(rgb), Image.fromarray(rgb).convert('RGBA')):
        np.testing.assert_array_equal(as_image(form, ''), bgr)
    grey = picture(8, 9)
    for form in (grey, grey[:, :, None], torch.from_numpy(grey)[None],
                 Image.fromarray(grey)):
        np.testing.assert_array_equal(as_image(form, ''),
                                      np.repeat(grey[:, :, None], 3, 2))


@pytest.mark.parametrize('image, reason', [
    (np.zeros((8, 9, 3)), 'image 3 is an array of float64'),
    (np.zeros((8, 9, 3), bool), 'an array of bool'),
    (np.zeros((3, 8, 9), np.uint8), r'shape \(3, 8, 9\).*\(h, w, 3\)'),
    (np.zeros((0, 9, 3), np.uint8), r'shape \(0, 9, 3\)'),
    (np.zeros((1, 40000, 3), np.uint8), '40000 x 1 pixels.*32767'),
    (torch.zeros(8, 9, 3), r'shape \(8, 9, 3\).*\(3, h, w\)'),
    (torch.full((3, 8, 9), 2.), 'from 2 to 2.*not normalised'),
    (torch.full((3, 8, 9), float('nan')), 'from nan to nan'),
    (Image.new('F', (4, 4)), "mode F"),
    (object(), 'image 3 is a object'),
])
def test_what_is_no_image_is_named(image, reason):
    with pytest.raises(PredictError, match=reason):
        as_image(image, 'image 3')


def test_a_picture_that_pillow_did_not_turn_is_told(tmp_path):
    save_turned(tmp_path / 'a.jpg')
    with pytest.warns(UserWarning, match='exif_transpose'):
        image = as_image(Image.open(tmp_path / 'a.jpg'), 'a.jpg')
    assert image.shape == (20, 30, 3)


@pytest.mark.parametrize('name', ['a.jpg', 'a.png'])
def test_half_a_file_is_no_image(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(picture(200, 200, 3)).save(path)
    whole = path.read_bytes()
    read_image(path)
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(PredictError, match='a.(jpg|png) cannot be read'):
        read_image(path)
    # What a camera adds behind the picture is no matter.
    path.write_bytes(whole + b'MotionPhoto\xff\xda\xff')
    assert read_image(path).shape == (200, 200, 3)


@pytest.mark.parametrize('content, reason', [
    (b'', 'it is empty'), (b'no picture', 'damaged'),
    (b'<html>', 'web page'), (None, 'no such file')])
def test_what_is_no_picture_is_named(tmp_path, content, reason):
    path = tmp_path / 'a.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PredictError, match=f'a.jpg.*{reason}'):
        read_image(path)
