# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmcv import ops

pytestmark = pytest.mark.usefixtures('gpu_only')


def test_maximum_of_every_pixel_that_a_bin_touches(references):
    input = torch.randn(2, 3, 9, 12)
    rois = torch.tensor([[0., 1, 2, 5, 6], [1, 2.3, 0.4, 9.1, 7.7],
                         [0, -6, -6, 3, 4], [1, 9, 6, 40, 40],
                         [0, 30, 30, 40, 40], [1, 4, 4, 4, 4]])

    for size, scale in (((3, 2), 1.0), ((7, 7), 0.5), ((1, 1), 1 / 3)):
        torch.testing.assert_close(
            ops.roi_pool(input, rois, size, scale),
            references.roi_pool(input, rois, size, scale))


def test_gradient_goes_to_the_first_maximum():
    input = torch.zeros(1, 1, 4, 4)
    input[0, 0, 1, 2] = input[0, 0, 2, 1] = 5
    input.requires_grad_()

    ops.roi_pool(input, torch.tensor([[0., 0, 0, 3, 3]]), 1).backward()

    assert input.grad.nonzero().tolist() == [[0, 0, 1, 2]]


def test_box_outside_gives_zero_and_no_gradient():
    input = torch.ones(1, 1, 4, 4, requires_grad=True)
    rois = torch.tensor([[0., 9, 9, 12, 12], [0, 3, 3, 1, 1]])

    output = ops.roi_pool(input, rois, 2)
    output.sum().backward()

    assert not output.any()
    assert not input.grad.any()
