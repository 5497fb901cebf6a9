# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import math

import numpy as np
import torch

from vitpose_mm.models.layers.deformable_attention import DeformableAttention

B, Q, C, HEADS, POINTS = 2, 5, 8, 2, 3
SIZES = [(4, 6), (2, 3)]


def bilinear(plane, x, y):
    """Value at (x, y), in cells, of planes (h, w, C), 0 outside."""
    h, w, channels = plane.shape
    total = np.zeros(channels)
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < h and 0 <= column < w:
                total += plane[row, column] * (1 - abs(y - row)) * (
                    1 - abs(x - column))
    return total


def by_loop(module, tokens, points, levels):
    """Equation 3 of the paper, point by point, in float64."""
    def linear(layer, x):
        weight, bias = (p.detach().double().numpy()
                        for p in (layer.weight, layer.bias))
        return x @ weight.T + bias

    size = C // HEADS
    out = np.zeros((B, Q, C))
    for b in range(B):
        values = [
            linear(module.value, level[b].permute(1, 2, 0).double().numpy())
            for level in levels
        ]
        for q in range(Q):
            token = tokens[b, q].double().numpy()
            offsets = linear(module.offsets, token).reshape(
                HEADS, len(levels), POINTS, 2)
            scores = linear(module.weights, token).reshape(HEADS, -1)
            seen = []
            for head in range(HEADS):
                weight = np.exp(scores[head]) / np.exp(scores[head]).sum()
                weight = weight.reshape(len(levels), POINTS)
                total = np.zeros(size)
                for index, (h, w) in enumerate(SIZES):
                    plane = values[index][..., head * size:(head + 1) * size]
                    for point in range(POINTS):
                        x, y = points[b, q].double().numpy() * (w, h)
                        dx, dy = offsets[head, index, point]
                        # Cell i reaches from i to i + 1.
                        total += weight[index, point] * bilinear(
                            plane, x + dx - 0.5, y + dy - 0.5)
                seen.append(total)
            out[b, q] = linear(module.proj, np.concatenate(seen))
    return out


def test_equals_a_loop_over_points(fill):
    module = fill(DeformableAttention(C, HEADS, len(SIZES), POINTS))
    tokens = torch.randn(B, Q, C)
    points = torch.rand(B, Q, 2)
    points[0, 0], points[0, 1] = 0., 1.  # in the corners
    points[1, 0] = torch.tensor([1.3, -0.2])  # outside
    levels = [torch.randn(B, C, *size) for size in SIZES]
    with torch.no_grad():
        ours = module(tokens, points, levels).numpy()
    np.testing.assert_allclose(
        ours, by_loop(module, tokens, points, levels), atol=1e-5)


def test_heads_look_in_their_own_directions_at_first():
    module = DeformableAttention(C, 4, 1, 2)
    offsets = module.offsets(torch.randn(C)).reshape(4, 2, 2)
    expected = torch.tensor([[1., 0.], [0., 1.], [-1., 0.], [0., -1.]])
    torch.testing.assert_close(offsets[:, 0], expected)
    torch.testing.assert_close(offsets[:, 1], 2 * expected)
