# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch

from vitpose_mm.models.query_pose.matching import Weights
from vitpose_mm.models.query_pose.proposal_loss import (choose_cells,
                                                        proposal_losses)
from vitpose_mm.models.query_pose.proposals import Skeleton, list_cells
from vitpose_mm.models.query_pose.targets import Targets

WEIGHTS = Weights(2., 5., 4., 1.)


@pytest.fixture
def cells():
    """Of an image of 64x48 pixels (w, h), strides of 8 and 16."""
    return list_cells(
        [torch.randn(1, 8, 6, 8), torch.randn(1, 8, 3, 4)], (8, 16))


def person(x, y, area):
    """Two keypoints around (x, y), and one without label far away."""
    keypoints = torch.tensor([[x - 3., y], [x + 3., y], [99., 99.]])
    return Targets(keypoints[None, None], torch.tensor([[[1., 1., 0.]]]),
                   torch.full((1, 1, 3), 4.), torch.tensor([[area]]), [1])


def test_cells_are_listed_row_by_row(cells):
    assert cells.tokens.shape == (1, 48 + 12, 8)
    # The middle of the first eight pixels is pixel 3.5.
    assert cells.centres[[0, 1, 8, 48, 49, 52]].tolist() == [
        [3.5, 3.5], [11.5, 3.5], [3.5, 11.5], [7.5, 7.5], [23.5, 7.5],
        [7.5, 23.5]
    ]
    assert cells.sides[[0, 59]].tolist() == [64, 128]


@pytest.mark.parametrize('x, y, area, expected', [
    (3.5, 3.5, 32.**2, 0),
    (60., 45., 20.**2, 47),
    (60., 45., 64.**2, 59),
    (20., 8., 90.**2, 49),
])
def test_the_cell_at_the_middle_of_the_fitting_level_is_taught(
        cells, x, y, area, expected):
    assert choose_cells(cells, person(x, y, area)).tolist() == [[expected]]


def gradient(cells, targets, valid=None):
    skeleton = Skeleton(3, 8)
    logits = torch.zeros(1, 60, requires_grad=True)
    terms = proposal_losses(skeleton, cells, logits, targets, valid,
                            torch.tensor(1.), WEIGHTS)
    terms['score'].backward()
    return logits.grad[0], terms


def test_scores_rise_at_the_middle_and_fall_elsewhere(cells):
    grad, _ = gradient(cells, person(20., 12., 32.**2))
    rises, free = grad < 0, grad == 0
    assert rises.nonzero().flatten().tolist() == [10]
    # Cells less than their own size away.
    assert free.nonzero().flatten().tolist() == [11, 18, 19, 48, 49, 52, 53]


def test_cells_in_crowds_and_beyond_the_image_are_free(cells):
    ignored = torch.zeros(1, 48, 64, dtype=torch.bool)
    ignored[:, 40:, 32:] = True
    valid = torch.ones(1, 60, dtype=torch.bool)
    valid[:, 55] = False
    grad, _ = gradient(
        cells, person(20., 12., 32.**2)._replace(ignored=ignored), valid)
    assert (grad[44:48] == 0).all() and (grad[40:44] > 0).all()
    assert grad[55] == 0 and grad[54] > 0


def test_nobody_teaches_only_that_nobody_is_there(cells):
    nobody = person(20., 12., 32.**2)._replace(
        weights=torch.zeros(1, 1, 3), numbers=[0])
    grad, terms = gradient(cells, nobody)
    assert (grad > 0).all()
    assert terms['distance'] == terms['oks'] == 0


def test_the_first_pose_is_told_from_the_cell(cells):
    skeleton = Skeleton(3, 8)
    torch.nn.init.zeros_(skeleton.pose[-1].weight)
    with torch.no_grad():
        skeleton.pose[-1].bias.copy_(
            torch.tensor([0., 0., 0.25, 0., 0., -0.5]))
    skeleton.score.weight.data.zero_()
    valid = torch.zeros(1, 60, dtype=torch.bool)
    valid[:, [10, 52]] = True
    keypoints, tokens, logits = skeleton.propose(cells, 2, valid)
    assert sorted(keypoints[0].tolist()) == [
        [[7.5, 23.5], [39.5, 23.5], [7.5, -40.5]],
        [[19.5, 11.5], [35.5, 11.5], [19.5, -20.5]],
    ]
    assert tokens.shape == (1, 2, 8) and logits.shape == (1, 60)
