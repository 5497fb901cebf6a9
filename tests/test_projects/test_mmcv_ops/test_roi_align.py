# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmcv import ops
from torch import Tensor

SLOPE_Y, SLOPE_X = 3., 0.5


def plane() -> Tensor:
    """(1, 1, 12, 14), linear: bilinear samples of it are exact."""
    y, x = torch.arange(12.)[:, None], torch.arange(14.)
    return (SLOPE_Y * y + SLOPE_X * x).double()[None, None]


def rois(*boxes: tuple) -> Tensor:
    return torch.tensor([(0, *box) for box in boxes]).double()


@pytest.mark.parametrize('sampling_ratio', [0, 2])
@pytest.mark.parametrize('aligned', [True, False])
def test_average_is_the_value_at_the_centre_of_each_bin(
        aligned, sampling_ratio):
    # A box of 4x6 pixels of the features, in pixels of an image twice as big.
    output = ops.roi_align(plane(), rois((6, 4, 14, 16)), (3, 2), 0.5,
                           sampling_ratio, 'avg', aligned)

    shift = 0.5 if aligned else 0
    y = 2 - shift + torch.tensor([1., 3, 5])[:, None]
    x = 3 - shift + torch.tensor([1., 3])
    expected = (SLOPE_Y * y + SLOPE_X * x).double()
    torch.testing.assert_close(output[0, 0], expected)


def test_maximum_is_the_value_of_the_last_sample_of_each_bin():
    output = ops.roi_align(plane(), rois((3, 2, 7, 8)), (3, 2), 1.0, 2, 'max',
                           False)

    # Two samples in a bin of two pixels lie at its quarters.
    y = 2 + torch.tensor([1.5, 3.5, 5.5])[:, None]
    x = 3 + torch.tensor([1.5, 3.5])
    expected = (SLOPE_Y * y + SLOPE_X * x).double()
    torch.testing.assert_close(output[0, 0], expected)


def test_maximum_takes_one_sample_for_each_pixel_begun():
    # 2.5 x 2.5 pixels, one bin: a grid of 3 x 3 samples.
    output = ops.roi_align(plane(), rois((3, 2, 5.5, 4.5)), 1, 1.0, 0, 'max',
                           False)

    step = 2.5 / 3
    expected = SLOPE_Y * (2 + 2.5 * step) + SLOPE_X * (3 + 2.5 * step)
    assert output.item() == pytest.approx(expected)


def test_border_repeats_for_one_pixel_and_is_zero_beyond():
    input = torch.full((1, 1, 4, 4), 7.)
    near, far = (-1.8, 1, -0.1, 2), (-4, 1, -2.5, 2)

    output = ops.roi_align(input, rois(near, far).float(), 1, 1.0, 1, 'avg',
                           False)

    assert output.flatten().tolist() == [7, 0]


@pytest.mark.parametrize('pool_mode', ['avg', 'max'])
@pytest.mark.parametrize('aligned', [True, False])
def test_gradient_is_the_slope(aligned, pool_mode):
    boxes = rois((1.2, 0.7, 6.1, 5.4), (-3, -2, 2.3, 30), (20, 20, 24, 25))
    input = torch.randn(1, 2, 6, 7, dtype=torch.double, requires_grad=True)

    assert torch.autograd.gradcheck(
        lambda x: ops.roi_align(x, boxes, (2, 3), 1.0, 2, pool_mode, aligned),
        input)


def test_boxes_find_their_image():
    input = torch.arange(3.)[:, None, None, None].repeat(1, 1, 5, 5)
    boxes = torch.tensor([[2., 1, 1, 3, 3], [0, 1, 1, 3, 3], [1, 1, 1, 3, 3]])

    for pool_mode in ('avg', 'max'):
        output = ops.roi_align(input, boxes, 1, 1.0, 0, pool_mode, True)
        assert output.flatten().tolist() == [2, 0, 1]


def test_features_need_not_be_contiguous(stand_in):
    """A compiled operator reads them as if they were."""
    input = torch.randn(2, 3, 6, 7)
    boxes = torch.tensor([[1., 1, 1, 4, 5], [0, 0, 2, 6, 3]])

    for pool_mode in ('avg', 'max'):
        torch.testing.assert_close(
            ops.roi_align(
                input.to(memory_format=torch.channels_last), boxes, 2, 1.0, 0,
                pool_mode, True),
            ops.roi_align(input, boxes, 2, 1.0, 0, pool_mode, True))


def test_no_boxes_give_no_features():
    for pool_mode in ('avg', 'max'):
        output = ops.roi_align(
            torch.randn(1, 3, 5, 5), torch.zeros(0, 5), (2, 4), 1.0, 0,
            pool_mode, True)
        assert output.shape == (0, 3, 2, 4)


def test_box_of_negative_size_is_refused():
    with pytest.raises((ValueError, RuntimeError), match='ROIAlign|RoIAlign'):
        ops.roi_align(plane(), rois((7, 2, 3, 8)), 2, 1.0, 2, 'avg', True)
