# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.special import erf, expit

from vitpose_mm.models.layers import (Attention, Mlp, ParallelConv,
                                      TokenLayout, ViTAEBlock)

DIM, HEADS, GRID = 8, 2, (3, 4)
LAYOUT = TokenLayout(GRID)
PATCHES = GRID[0] * GRID[1]


@pytest.fixture
def block():
    block = ViTAEBlock(DIM, Attention(DIM, HEADS), Mlp(DIM, 4 * DIM),
                       ParallelConv(DIM), 0.).double()
    for tensor in (*block.parameters(), *block.buffers()):
        if tensor.is_floating_point():
            tensor.data.normal_().abs_().add_(0.1)
    return block.eval()


def values(tensor):
    return tensor.detach().numpy()


def linear(x, layer):
    return x @ values(layer.weight).T + values(layer.bias)


def layer_norm(x, norm):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)
    return x * values(norm.weight) + values(norm.bias)


def attend(x, attn):
    q, k, v = np.split(linear(x, attn.qkv), 3, -1)
    heads = []
    for part in np.split(np.arange(DIM), HEADS):
        scores = np.exp(q[:, part] @ k[:, part].T / np.sqrt(len(part)))
        heads.append(scores / scores.sum(1, keepdims=True) @ v[:, part])
    return linear(np.concatenate(heads, -1), attn.proj)


def convolve(maps, conv):
    """Convolve (C, rows, cols) kernel by kernel: an output channel reads the
    channels of its group only."""
    weight, (rows, cols) = values(conv.weight), maps.shape[1:]
    num_out, num_in, size, _ = weight.shape
    groups = len(maps) // num_in
    pad = size // 2
    padded = np.pad(maps, ((0, 0), (pad, pad), (pad, pad)))
    out = np.empty((num_out, rows, cols))
    for channel in range(num_out):
        first = channel // (num_out // groups) * num_in
        for r in range(rows):
            for c in range(cols):
                window = padded[first:first + num_in, r:r + size, c:c + size]
                out[channel, r, c] = (window * weight[channel]).sum()
    return out + values(conv.bias)[:, None, None]


def convolve_tokens(x, pcm):
    hidden = convolve(x.T.reshape(DIM, *GRID), pcm[0])
    mean, var, weight, bias = (
        values(t)[:, None, None] for t in (
            pcm[1].running_mean, pcm[1].running_var, pcm[1].weight,
            pcm[1].bias))
    hidden = (hidden - mean) / np.sqrt(var + 1e-5) * weight + bias
    return convolve(hidden * expit(hidden), pcm[3]).reshape(DIM, PATCHES).T


def test_block_equals_the_closed_form_in_float64(block):
    x = torch.randn(2, PATCHES, DIM, dtype=torch.float64)
    expected = []
    for sample in x.numpy():
        y = (sample + attend(layer_norm(sample, block.norm1), block.attn)
             + convolve_tokens(sample, block.pcm))
        hidden = linear(layer_norm(y, block.norm2), block.mlp.fc1)
        hidden = hidden * (1 + erf(hidden / np.sqrt(2))) / 2
        expected.append(y + linear(hidden, block.mlp.fc2))
    np.testing.assert_allclose(values(block(x, LAYOUT)), expected, rtol=1e-9)


def test_four_channels_share_a_kernel_and_widen_four_times(block):
    first, last = block.pcm[0], block.pcm[3]
    assert first.weight.shape == (4 * DIM, 4, 3, 3)
    assert last.weight.shape == (DIM, 16, 3, 3)


def test_tokens_after_the_patches_stay_out_of_the_convolution(block):
    x = torch.randn(2, PATCHES + 2, DIM, dtype=torch.float64)
    out = block.pcm(x, LAYOUT)
    assert torch.equal(out[:, :PATCHES], block.pcm(x[:, :PATCHES], LAYOUT))
    assert not out[:, PATCHES:].any()


def test_kernels_of_one_pixel_do_not_know_where_a_token_is():
    pcm = ParallelConv(DIM, kernel_size=1).eval()
    x, order = torch.randn(1, PATCHES, DIM), torch.randperm(PATCHES)
    torch.testing.assert_close(
        pcm(x, LAYOUT)[:, order], pcm(x[:, order], LAYOUT))


def test_drop_path_skips_the_convolution_too():
    block = ViTAEBlock(DIM, Attention(DIM, HEADS), Mlp(DIM, 4 * DIM),
                       ParallelConv(DIM), 0.999999).train()
    x = torch.randn(2, PATCHES, DIM)
    assert torch.equal(block(x, LAYOUT), x)


@pytest.mark.parametrize('dim, size, message', [
    (8, 2, 'kernel_size=2 must be odd'),
    (10, 3, 'embed_dim=10 must be a multiple of 4')])
def test_wrong_argument_is_named(dim, size, message):
    with pytest.raises(ValueError, match=message):
        ParallelConv(dim, size)
