# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
from PIL import Image

from vitpose_tools.data_check.image_file import hash_of, read_image


@pytest.mark.parametrize('orientation', range(1, 9))
def test_size_and_picture_are_those_that_opencv_loads(tmp_path, orientation):
    noise = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(cv2.resize(noise, (140, 100))).save(
        tmp_path / 'a.jpg', exif=exif, quality=95)

    fact = read_image(tmp_path / 'a.jpg')
    loaded = cv2.imread(str(tmp_path / 'a.jpg'), cv2.IMREAD_GRAYSCALE |
                        cv2.IMREAD_COLOR)
    assert fact.size == loaded.shape[1::-1]
    grey = cv2.cvtColor(loaded, cv2.COLOR_BGR2GRAY)
    bits = [np.unpackbits(np.frombuffer(each, np.uint8))
            for each in (fact.picture, hash_of(grey))]
    assert (bits[0] != bits[1]).sum() <= 8


def test_nothing_to_see_has_no_picture(tmp_path):
    Image.new('RGB', (90, 60), 'white').save(tmp_path / 'a.png')
    fact = read_image(tmp_path / 'a.png')
    assert fact.picture is None and fact.size == (90, 60)
