# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from itertools import permutations

import pytest
import torch

from vitpose_mm.models.query_pose.matching import Weights, costs, match
from vitpose_mm.models.query_pose.people import People
from vitpose_mm.models.query_pose.targets import Targets

K = 3
WEIGHTS = Weights(2., 5., 4., 1.)


def people(num_images, num_queries):
    return People(
        torch.rand(num_images, num_queries, K, 2) * 50,
        torch.randn(num_images, num_queries),
        torch.randn(num_images, num_queries, K))


def targets(*numbers):
    most = max(numbers)
    weights = torch.zeros(len(numbers), most, K)
    for row, number in enumerate(numbers):
        weights[row, :number] = 1
        weights[row, :number, 0] = 0
    return Targets(
        torch.rand(len(numbers), most, K, 2) * 50, weights,
        torch.full((len(numbers), most, K), 20.),
        torch.full((len(numbers), most), 400.), list(numbers))


def one_cost(layer, labels, image, query, person):
    """The cost of a pair, written down again."""
    p = layer.logits[image, query].sigmoid()
    focal = (-0.25 * (1 - p)**2 * torch.log(p) +
             0.75 * p**2 * torch.log(1 - p))
    apart = (layer.keypoints[image, query] - labels.keypoints[image, person])
    apart = apart[labels.weights[image, person] > 0]
    similarity = torch.exp(-(apart**2).sum(1) / (2 * 20**2)).mean()
    return 2 * focal + 5 * apart.abs().sum(1).mean() / 20 + 4 * (
        1 - similarity)


def best(layer, labels, image):
    """Least cost of all ways to give people queries of their own."""
    number, queries = labels.numbers[image], layer.logits.shape[1]
    cost = torch.tensor([[
        one_cost(layer, labels, image, query, person)
        for person in range(number)
    ] for query in range(queries)])
    if number > queries:
        return min(
            sum(cost[q, p] for q, p in enumerate(order)).item()
            for order in permutations(range(number), queries))
    return min(
        sum(cost[q, p] for p, q in enumerate(order)).item()
        for order in permutations(range(queries), number))


@pytest.mark.parametrize('num_queries, numbers', [
    (5, (3, 0, 1)),
    (4, (4, 2, 1)),
    (2, (4, 1, 0)),  # more people than queries
])
def test_is_the_best_of_all_assignments(num_queries, numbers):
    layers = [people(len(numbers), num_queries) for _ in range(2)]
    labels = targets(*numbers)
    pairs = match(layers, labels, WEIGHTS)
    for index, layer in enumerate(layers):
        for image, number in enumerate(numbers):
            own = (pairs.layer == index) & (pairs.image == image)
            taken = list(zip(pairs.query[own].tolist(),
                             pairs.person[own].tolist()))
            assert len(taken) == min(number, num_queries)
            assert len({query for query, _ in taken}) == len(taken)
            assert len({person for _, person in taken}) == len(taken)
            if taken:
                total = sum(
                    one_cost(layer, labels, image, *pair) for pair in taken)
                assert total.item() == pytest.approx(
                    best(layer, labels, image), rel=1e-5)


def test_costs_are_those_of_the_terms():
    layer, labels = people(2, 3), targets(2, 1)
    found = costs(People(*(part[None] for part in layer)), labels, WEIGHTS)[0]
    for image, query, person in ((0, 0, 0), (0, 2, 1), (1, 1, 0)):
        torch.testing.assert_close(
            found[image, query, person],
            one_cost(layer, labels, image, query, person))


def test_nobody_is_matched_with_nobody():
    assert len(match([people(2, 3)], targets(0, 0), WEIGHTS).query) == 0


def test_a_model_that_has_broken_down_is_not_the_end():
    layer = people(1, 3)
    layer.keypoints[0, 1] = torch.nan
    assert len(match([layer], targets(2), WEIGHTS).query) == 2
