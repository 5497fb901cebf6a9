# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine

from vitpose_tools.predict.crops import cut, place, to_image
from vitpose_tools.predict.network import CropSpec

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (120, 160, 3), np.uint8)
BOXES = np.concatenate([
    np.column_stack((xy := RNG.uniform(-40, 140, (40, 2)),
                     xy + RNG.uniform(.5, 150, (40, 2)))),
    [[10, 20, 11, 21], [0, 0, 160, 120], [500, 500, 600, 700]],
]).astype(np.float32)


@pytest.mark.parametrize('use_udp', [True, False])
@pytest.mark.parametrize('size, padding', [((96, 128), 1.25), ((64, 64), 1.)])
def test_crops_are_those_of_mmpose_to_the_bit(use_udp, size, padding):
    spec = CropSpec(size, padding, use_udp)
    places = place(BOXES, spec)
    crops = cut(IMAGE, places, spec)
    for n, box in enumerate(BOXES):
        sample = TopdownAffine(size, use_udp)(GetBBoxCenterScale(padding)(
            dict(img=IMAGE, bbox=box[None])))
        if np.lib.NumpyVersion(np.__version__) < '2.0.0':
            # It rounds the matrix another way.
            assert np.mean(crops[n] != sample['img']) < .02
        else:
            np.testing.assert_array_equal(crops[n], sample['img'])
        np.testing.assert_array_equal(places.centers[n],
                                      sample['input_center'])
        np.testing.assert_array_equal(places.scales[n],
                                      sample['input_scale'])


def test_keypoints_go_back_to_where_the_crop_was():
    spec = CropSpec((96, 128))
    places = place(BOXES, spec)
    corners = np.tile([[[0., 0.], [48., 64.], [96., 128.]]],
                      (len(BOXES), 1, 1))
    found = to_image(corners, places, spec)
    np.testing.assert_allclose(found[:, 1], places.centers, atol=1e-4)
    np.testing.assert_allclose(found[:, 2] - found[:, 0], places.scales,
                               rtol=1e-5)


def test_boxes_without_area_have_no_crop():
    boxes = np.array([[0, 0, 0, 9], [0, 0, 9, 9], [5, 5, 1, 9],
                      [0, 0, np.nan, 9], [0, 0, np.inf, 9]], np.float32)
    spec = CropSpec((96, 128))
    places = place(boxes, spec)
    assert places.is_known.tolist() == [False, True, False, False, False]
    assert cut(IMAGE, places, spec).shape == (1, 128, 96, 3)
