# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmcv import ops
from torch import Tensor

# stride, padding, dilation, groups, deform_groups
GEOMETRIES = ((1, 1, 1, 1, 1), (2, 1, 1, 2, 1), (1, 2, 2, 1, 2),
              (2, 0, 1, 2, 2))


def randn(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.double)


def inputs(stride: int, padding: int, dilation: int, groups: int,
           deform_groups: int, kernel=(3, 2)) -> dict:
    out = [(n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
           for n, k in zip((6, 7), kernel)]
    taps = deform_groups * kernel[0] * kernel[1]
    return dict(
        input=randn(2, 4, 6, 7),
        offset=randn(2, 2 * taps, *out) * 2,
        mask=randn(2, taps, *out).sigmoid(),
        weight=randn(6, 4 // groups, *kernel),
        bias=randn(6))


def sampled(input: Tensor, offset: Tensor, mask: Tensor, weight: Tensor,
            bias: Tensor, stride: int, padding: int, dilation: int,
            groups: int, deform_groups: int) -> Tensor:
    """Tap by tap, each a sampled image times the tap's weights."""
    height, width = input.shape[2:]
    y, x = torch.meshgrid(
        *(torch.arange(n).double() * stride - padding
          for n in offset.shape[2:]),
        indexing='ij')
    kernel = weight.shape[2:]
    taps = offset.unflatten(1, (deform_groups, kernel[0] * kernel[1], 2))
    mask = mask.unflatten(1, (deform_groups, -1))
    result = bias[:, None, None]
    for i in range(kernel[0] * kernel[1]):
        row, column = divmod(i, kernel[1])
        parts = []
        for g, part in enumerate(input.chunk(deform_groups, 1)):
            v = y + row * dilation + taps[:, g, i, 0]
            u = x + column * dilation + taps[:, g, i, 1]
            where = torch.stack(
                [u * 2 / (width - 1) - 1, v * 2 / (height - 1) - 1], -1)
            image = F.grid_sample(part, where, align_corners=True)
            parts.append(image * mask[:, g, i][:, None])
        result = result + F.conv2d(
            torch.cat(parts, 1),
            weight[:, :, row, column][:, :, None, None],
            groups=groups)
    return result


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_modulated_convolution_is_a_sum_of_sampled_images(geometry):
    tensors = inputs(*geometry)

    torch.testing.assert_close(
        ops.modulated_deform_conv2d(*tensors.values(), *geometry),
        sampled(*tensors.values(), *geometry))


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_convolution_is_the_modulated_one_without_mask_and_bias(geometry):
    tensors = inputs(*geometry)
    tensors['mask'].fill_(1)
    tensors['bias'].zero_()

    torch.testing.assert_close(
        ops.deform_conv2d(tensors['input'], tensors['offset'],
                          tensors['weight'], *geometry),
        sampled(*tensors.values(), *geometry))


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_gradients_are_slopes(geometry):
    tensors = [x.requires_grad_() for x in inputs(*geometry).values()]
    input, offset, _, weight, _ = tensors

    assert torch.autograd.gradcheck(
        lambda *x: ops.modulated_deform_conv2d(*x, *geometry),
        tensors,
        fast_mode=True)
    assert torch.autograd.gradcheck(
        lambda *x: ops.deform_conv2d(*x, *geometry), (input, offset, weight),
        fast_mode=True)


def test_new_layer_is_a_plain_convolution():
    layer = ops.DeformConv2dPack(4, 6, 3, stride=2, padding=1)
    input = torch.randn(2, 4, 9, 8)

    torch.testing.assert_close(
        layer(input), F.conv2d(input, layer.weight, stride=2, padding=1))


def test_taps_in_the_padding_have_no_gradient_in_a_new_layer():
    """A tap of a new layer lies exactly one pixel outside, on the kink."""
    input, weight = randn(1, 2, 5, 5), randn(3, 2, 3, 3)
    offset = torch.zeros(1, 18, 5, 5, dtype=torch.double, requires_grad=True)

    ops.deform_conv2d(input, offset, weight, 1, 1).sum().backward()

    grad = offset.grad.view(3, 3, 2, 5, 5)
    assert not grad[0, :, :, 0].any() and not grad[2, :, :, 4].any()
    assert not grad[:, 0, :, :, 0].any() and not grad[:, 2, :, :, 4].any()
    assert grad[1, 1].all() and grad[0, 1, :, 1].all()


def test_steps_of_the_batch_change_nothing():
    tensors = inputs(1, 1, 1, 1, 1)
    arguments = tensors['input'], tensors['offset'], tensors['weight']

    one, two = (
        ops.deform_conv2d(*arguments, 1, 1, 1, 1, 1, False, step)
        for step in (1, 2))

    torch.testing.assert_close(one, two)


@pytest.mark.parametrize('wrong', ['groups', 'deform_groups'])
def test_shapes_that_do_not_suit_the_groups_are_refused(wrong):
    tensors = inputs(1, 1, 1, 1, 1)
    geometry = dict(groups=(2, 1), deform_groups=(1, 2))[wrong]

    with pytest.raises((ValueError, RuntimeError)) as error:
        ops.deform_conv2d(tensors['input'], tensors['offset'],
                          tensors['weight'], 1, 1, 1, *geometry)
    assert 'offset' in str(error.value) or 'planes' in str(
        error.value) or 'groups' in str(error.value)
