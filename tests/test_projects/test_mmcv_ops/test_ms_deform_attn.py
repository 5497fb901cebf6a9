# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction
from torch import Tensor

pytestmark = pytest.mark.usefixtures('gpu_only')


def inputs() -> dict:
    shapes = torch.tensor([[4, 3], [2, 2]])
    locations = torch.rand(2, 3, 2, 2, 4, 2).double() * 1.6 - 0.3
    return dict(
        value=torch.randn(2, 16, 2, 5).double(),
        shapes=shapes,
        starts=torch.tensor([0, 12]),
        locations=locations,
        weights=torch.rand(2, 3, 2, 2, 4).double())


def attend(value: Tensor, shapes: Tensor, starts: Tensor, locations: Tensor,
           weights: Tensor) -> Tensor:
    return MultiScaleDeformableAttnFunction.apply(value, shapes, starts,
                                                  locations, weights, 64)


def test_sum_of_weighted_samples_of_all_levels(references):
    tensors = inputs()

    torch.testing.assert_close(
        attend(**tensors), references.ms_deform_attn(**tensors))


def test_gradients_are_slopes():
    tensors = inputs()
    wanted = 'value', 'locations', 'weights'
    for name in wanted:
        tensors[name].requires_grad_()

    assert torch.autograd.gradcheck(
        lambda *x: attend(**{
            **tensors,
            **dict(zip(wanted, x))
        }), [tensors[name] for name in wanted])


def test_result_has_the_dtype_of_the_values():
    tensors = inputs()
    tensors['value'] = tensors['value'].bfloat16()

    with torch.autocast('cpu', torch.bfloat16):
        assert attend(**tensors).dtype == torch.bfloat16


def test_levels_that_do_not_follow_one_another_are_refused():
    tensors = inputs()
    tensors['starts'] = torch.tensor([4, 0])

    with pytest.raises(ValueError, match=r'\[0, 12\], got \[4, 0\]'):
        attend(**tensors)
