# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.registry import MODELS

K, H, W = 3, 4, 5


def build(name='AELoss', **options):
    return MODELS.build(dict(type=name, **options))


def sample(people, dim=1, seed=0):
    """Tags (dim * K, H, W) and (people, K, 2) cells with labels."""
    generator = torch.Generator().manual_seed(seed)
    tags = torch.randn(dim * K, H, W, generator=generator)
    cells = torch.randint(H * W, (people, K), generator=generator)
    labelled = torch.randint(2, (people, K), generator=generator)
    labelled[:, 0] = 1
    return tags, torch.stack([cells, labelled], -1)


def by_definition(tags, indices):
    """Pull and push of one image, keypoint by keypoint."""
    tags = tags.reshape(-1, K, H * W)
    people = []
    for person in indices.tolist():
        seen = [
            tags[:, kind, cell] for kind, (cell, labelled) in enumerate(person)
            if labelled
        ]
        if seen:
            people.append(torch.stack(seen))
    means = [person.mean(0) for person in people]
    pull = sum(((person - mean)**2).mean()
               for person, mean in zip(people, means)) / max(len(people), 1)
    pairs = [(a, b) for a in range(len(means)) for b in range(a)]
    push = sum(torch.exp(-(means[a] - means[b])**2).sum()
               for a, b in pairs) / max(len(pairs), 1)
    return torch.as_tensor(pull), torch.as_tensor(push)


@pytest.mark.parametrize('dim', [1, 2])
@pytest.mark.parametrize('people', [1, 2, 7])
def test_loss_is_that_of_the_definition(people, dim):
    tags, indices = sample(people, dim)
    pull, push = build(
        loss_weight=3., push_loss_factor=.5)(tags[None], [indices])
    expected = by_definition(tags, indices)
    # The definition averages over dimensions where a person is pulled.
    torch.testing.assert_close(pull, expected[0] * 3)
    torch.testing.assert_close(push, expected[1] * 1.5)


def test_pull_is_that_of_mmpose():
    tags, indices = sample(4, 2)
    torch.testing.assert_close(
        build()(tags[None], [indices])[0],
        build('AssociativeEmbeddingLoss')(tags[None], [indices])[0])


@pytest.mark.parametrize('name, same', [('AELoss', True),
                                        ('AssociativeEmbeddingLoss', False)])
def test_batch_of_equal_images_has_the_loss_of_one(name, same):
    tags, indices = sample(4)
    one = build(name)(tags[None], [indices])
    four = build(name)(tags.expand(4, -1, -1, -1), [indices] * 4)
    assert torch.allclose(torch.stack(one), torch.stack(four)) is same


def test_images_count_alike():
    images = [sample(2, seed=1), sample(5, seed=2), sample(0, seed=3)]
    loss = build()(torch.stack([tags for tags, _ in images]),
                   [indices for _, indices in images])
    expected = [by_definition(*image) for image in images]
    torch.testing.assert_close(loss[0], sum(e[0] for e in expected) / 3)
    torch.testing.assert_close(loss[1], sum(e[1] for e in expected) / 6)


@pytest.mark.parametrize('people', [0, 2])
def test_nobody_labelled_is_no_loss_and_no_gradient(people):
    tags, indices = sample(people)
    indices[..., 1] = 0
    tags.requires_grad_()
    pull, push = build()(tags[None], [indices])
    assert pull == push == 0
    (pull + push).backward()
    assert torch.equal(tags.grad, torch.zeros_like(tags))


def test_cells_outside_of_the_map_are_ignored_where_unlabelled():
    tags, indices = sample(2)
    indices[1, 2] = torch.tensor([0, 0])
    expected = build()(tags[None], [indices])
    indices[1, 2] = torch.tensor([-900, 0])
    assert build()(tags[None], [indices]) == expected
    indices[1, 2] = torch.tensor([900, 0])
    assert build()(tags[None], [indices]) == expected


def test_training_separates_people():
    _, indices = sample(4)
    indices = torch.stack(
        [torch.arange(4 * K).view(4, K),
         torch.ones(4, K, dtype=int)], -1)
    tags = torch.zeros(1, K, H, W).normal_(std=.1).requires_grad_()
    optimizer = torch.optim.Adam([tags], lr=.1)
    for _ in range(200):
        optimizer.zero_grad()
        sum(build()(tags, [indices])).backward()
        optimizer.step()
    values = tags.detach().flatten(2)[0].gather(1, indices[..., 0].T)
    assert values.std(0).max() < .1
    assert values.mean(0).sort()[0].diff().min() > .9
