# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math

import pytest
import torch

from vitpose_mm.models.query_pose.criterion import losses, varifocal
from vitpose_mm.models.query_pose.matching import Match, Weights
from vitpose_mm.models.query_pose.people import People
from vitpose_mm.models.query_pose.targets import Targets

WEIGHTS = Weights(2., 5., 4., 1.)


@pytest.fixture
def layers():
    """Two layers, two images, three queries, four keypoints."""
    torch.manual_seed(1)
    return [
        People(
            (torch.rand(2, 3, 4, 2) * 30).requires_grad_(),
            torch.randn(2, 3).requires_grad_(),
            torch.randn(2, 3, 4).requires_grad_()) for _ in range(2)
    ]


@pytest.fixture
def targets():
    """One person in the first image, nobody in the second."""
    weights = torch.tensor([[[1., 0., 1., 0.]], [[0., 0., 0., 0.]]])
    return Targets(
        torch.rand(2, 1, 4, 2) * 30, weights, torch.full((2, 1, 4), 8.),
        torch.full((2, 1), 100.), [1, 0])


PAIRS = Match(*torch.tensor([[0, 0, 2, 0], [1, 0, 1, 0]]).T)
EVERYBODY = torch.ones(2, 3, dtype=torch.bool)


def compute(layers, targets, pairs=PAIRS, counted=EVERYBODY):
    return losses(layers, targets, pairs, counted, torch.tensor(2.), WEIGHTS)


def test_terms_are_their_definitions(layers, targets):
    found = compute(layers, targets)
    apart, unlike, score, visible = 0., 0., 0., 0.
    for layer, query in ((0, 2), (1, 1)):
        people = layers[layer]
        move = (people.keypoints[0, query] - targets.keypoints[0, 0])[::2]
        apart += move.abs().sum().item() / 2 / 10
        similarity = torch.exp(-(move**2).sum(1) / (2 * 8**2)).mean().item()
        unlike += 1 - similarity
        for image in range(2):
            for other in range(3):
                p = people.logits[image, other].sigmoid().item()
                if (image, other) == (0, query):
                    score -= similarity * (
                        similarity * math.log(p) +
                        (1 - similarity) * math.log(1 - p))
                else:
                    score -= 0.75 * p**2 * math.log(1 - p)
        for keypoint, p in enumerate(people.visible[0, query].sigmoid()):
            visible -= torch.log(1 - p if keypoint % 2 else p).item() / 4
    expected = dict(score=score, distance=5 / 2 * apart,
                    oks=4 / 2 * unlike, visible=visible / 2)
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(float(value), rel=1e-4)


def test_keypoints_without_label_are_not_moved(layers, targets):
    found = compute(layers, targets)
    (found['distance'] + found['oks']).backward()
    for layer, query in ((0, 2), (1, 1)):
        moved = (layers[layer].keypoints.grad != 0).any(-1)
        expected = torch.zeros(2, 3, 4, dtype=torch.bool)
        expected[0, query, ::2] = True
        assert torch.equal(moved, expected)


def test_nobody_is_only_the_loss_of_scores(layers, targets):
    nobody = Match(*torch.zeros(4, 0, dtype=torch.int64))
    found = compute(layers, targets._replace(numbers=[0, 0]), nobody)
    assert found['score'] > 0
    assert found['distance'] == found['oks'] == found['visible'] == 0
    sum(found.values()).backward()
    assert all((layer.keypoints.grad == 0).all() for layer in layers)


def test_people_in_crowds_are_no_negatives(layers, targets):
    ignored = torch.zeros(2, 40, 40, dtype=torch.bool)
    with torch.no_grad():
        layers[0].keypoints[1, 0] = torch.tensor(
            [[35., 35.], [36., 38.], [1., 1.], [2., 2.]])
        layers[0].keypoints[1, 1] = torch.tensor(
            [[35., 35.], [1., 38.], [1., 1.], [99., 99.]])
    ignored[1, 34:, 34:] = True
    compute(layers, targets._replace(ignored=ignored))['score'].backward()
    learns = layers[0].logits.grad != 0
    assert learns.tolist() == [[True] * 3, [False, True, True]]


def test_a_match_in_a_crowd_counts(layers, targets):
    ignored = torch.ones(2, 40, 40, dtype=torch.bool)
    compute(layers, targets._replace(ignored=ignored))['score'].backward()
    assert layers[0].logits.grad.nonzero().tolist() == [[0, 2]]


def test_what_fills_up_is_no_negative(layers, targets):
    counted = EVERYBODY.clone()
    counted[1] = False
    compute(layers, targets, counted=counted)['score'].backward()
    assert (layers[1].logits.grad[1] == 0).all()
    assert (layers[1].logits.grad[0] != 0).all()


def test_best_score_of_a_match_is_its_similarity():
    logits = torch.linspace(-4, 4, 1601)
    quality = torch.full_like(logits, 0.7)
    each = torch.stack([
        varifocal(logits[i:i + 1], quality[:1], torch.tensor([True]),
                  torch.tensor([True])) for i in range(len(logits))
    ])
    assert logits[each.argmin()].sigmoid().item() == pytest.approx(
        0.7, abs=0.005)
