# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import torch
from scipy.special import erf

from vitpose_mm.models.layers import Attention, Block, Mlp, TokenLayout

DIM, HEADS, TOKENS = 12, 3, 7
LAYOUT = TokenLayout(grid=(7, 1))


def layer_norm(x, norm):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)
    return x * norm.weight.detach().numpy() + norm.bias.detach().numpy()


def linear(x, layer):
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def closed_form_block(x, block):
    """The block in NumPy, head by head and without any fused operation."""
    q, k, v = np.split(
        linear(layer_norm(x, block.norm1), block.attn.qkv), 3, -1)
    width = DIM // HEADS
    heads = []
    for h in range(HEADS):
        part = slice(h * width, (h + 1) * width)
        scores = q[:, part] @ k[:, part].T / np.sqrt(width)
        weights = np.exp(scores - scores.max(1, keepdims=True))
        weights /= weights.sum(1, keepdims=True)
        heads.append(weights @ v[:, part])
    x = x + linear(np.concatenate(heads, -1), block.attn.proj)
    hidden = linear(layer_norm(x, block.norm2), block.mlp.fc1)
    hidden = hidden * (1 + erf(hidden / np.sqrt(2))) / 2
    return x + linear(hidden, block.mlp.fc2)


def test_block_equals_the_closed_form_in_float64():
    block = Block(DIM, Attention(DIM, HEADS), Mlp(DIM, 4 * DIM), 0.).double()
    for param in block.parameters():
        torch.nn.init.normal_(param)
    x = torch.randn(2, TOKENS, DIM, dtype=torch.float64)
    expected = [closed_form_block(sample, block) for sample in x.numpy()]
    np.testing.assert_allclose(
        block(x, LAYOUT).detach().numpy(), expected, atol=1e-9)


def test_drop_path_skips_whole_residual_branches_in_training_only():
    block = Block(DIM, Attention(DIM, HEADS), Mlp(DIM, 4 * DIM), 0.999999)
    x = torch.randn(4, TOKENS, DIM)
    assert torch.equal(block.train()(x, LAYOUT), x)
    assert not torch.equal(block.eval()(x, LAYOUT), x)
