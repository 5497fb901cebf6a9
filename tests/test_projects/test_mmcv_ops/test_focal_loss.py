# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmcv import ops

pytestmark = pytest.mark.usefixtures('gpu_only')
LOSSES = ('sigmoid_focal_loss', 'softmax_focal_loss')


def logits(num: int = 9):
    found = torch.randn(num, 5, dtype=torch.double) * 4
    return found.requires_grad_(), torch.randint(5, (num, ))


def test_without_focus_it_is_half_the_cross_entropy():
    """gamma 0 and alpha 0.5."""
    x, target = logits()
    one_hot = F.one_hot(target, 5).double()

    torch.testing.assert_close(
        ops.sigmoid_focal_loss(x, target, 0.0, 0.5, None, 'sum'),
        F.binary_cross_entropy_with_logits(x, one_hot, reduction='sum') / 2)
    torch.testing.assert_close(
        ops.softmax_focal_loss(x, target, 0.0, 0.5, None, 'sum'),
        F.cross_entropy(x, target, reduction='sum') / 2)


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('weighted', [True, False])
def test_focus_weights_and_alpha(references, loss, weighted):
    x, target = logits()
    weight = torch.rand(5).double() if weighted else None
    arguments = target, 1.5, 0.25, weight, 'mean'

    torch.testing.assert_close(
        getattr(ops, loss)(x, *arguments),
        getattr(references, loss)(x, *arguments))


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('weighted', [True, False])
def test_gradient_is_the_slope(loss, weighted):
    x, target = logits()
    weight = torch.rand(5).double() if weighted else None

    assert torch.autograd.gradcheck(
        lambda x: getattr(ops, loss)(x, target, 2.0, 0.25, weight, 'mean'), x)


def test_sure_and_wrong_has_the_loss_of_its_logit():
    x = torch.tensor([[30.]])

    loss = ops.sigmoid_focal_loss(x, torch.tensor([1]), 2.0, 0.25, None,
                                  'sum')

    assert loss.item() == pytest.approx(0.75 * 30)


def test_background_is_no_class():
    x, _ = logits(4)
    background = torch.full((4, ), 5)

    loss = ops.sigmoid_focal_loss(x, background, 2.0, 0.25, None, 'sum')

    p = x.sigmoid()
    torch.testing.assert_close(loss, (-0.75 * p**2 * (1 - p).log()).sum())


@pytest.mark.parametrize('loss', LOSSES)
def test_background_without_a_weight_is_refused(loss):
    x, target = logits(4)
    target[2] = 5

    with pytest.raises((ValueError, RuntimeError), match='5|out of bounds'):
        getattr(ops, loss)(x, target, 2.0, 0.25, torch.rand(5).double(),
                           'sum')


def test_rows_to_ignore_have_no_softmax_loss_and_no_gradient():
    x, target = logits(4)
    target[1] = -1

    ops.softmax_focal_loss(x, target, 2.0, 0.25, None, 'sum').backward()

    assert not x.grad[1].any()
    assert x.grad[[0, 2, 3]].all()
