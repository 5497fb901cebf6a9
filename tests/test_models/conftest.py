# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""ViTPose+ as the official code computes it: every expert and every head on
the whole batch, then masked. Written with plain tensor operations."""
from typing import Callable

import pytest
import torch
from torch import Tensor, nn


def gelu(x: Tensor) -> Tensor:
    return x * (1 + torch.erf(x / 2**0.5)) / 2


def norm(x: Tensor, layer: nn.LayerNorm) -> Tensor:
    x = x - x.mean(-1, keepdim=True)
    x = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()
    return x * layer.weight + layer.bias


def linear(x: Tensor, layer: nn.Linear) -> Tensor:
    return x @ layer.weight.T + layer.bias


def attention(x: Tensor, attn: nn.Module) -> Tensor:
    B, N, C = x.shape
    heads = attn.num_heads
    q, k, v = (
        part.reshape(B, N, heads, C // heads).transpose(1, 2)
        for part in linear(x, attn.qkv).chunk(3, -1))
    weights = (q @ k.transpose(-2, -1) / (C // heads)**0.5).softmax(-1)
    return linear((weights @ v).transpose(1, 2).reshape(B, N, C), attn.proj)


def whole(x: Tensor, mlp: nn.Module) -> Tensor:
    return linear(gelu(linear(x, mlp.fc1)), mlp.fc2)


def feed_forward(x: Tensor, mlp: nn.Module, idx: Tensor, ffn: str) -> Tensor:
    hidden = gelu(linear(x, mlp.fc1)) if ffn == 'partial' else None
    own = 0
    for j, expert in enumerate(mlp.experts):
        mask = (idx == j).to(x.dtype)[:, None, None]
        out = linear(hidden, expert) if ffn == 'partial' else whole(x, expert)
        own = own + mask * out
    if ffn == 'partial':
        return torch.cat([linear(hidden, mlp.fc2), own], -1)
    return own + whole(x, mlp) if ffn == 'shared_independent' else own


def backbone(vit: nn.Module, images: Tensor, idx: Tensor) -> Tensor:
    """Features (B, C, rows, cols) of a ViTMoE with the given weights."""
    proj = vit.patch_embed.proj
    x = nn.functional.conv2d(
        images, proj.weight, proj.bias, proj.stride, proj.padding)
    grid = x.shape[2:]
    x = x.flatten(2).transpose(1, 2) + vit.pos_embed
    for block in vit.blocks:
        x = x + attention(norm(x, block.norm1), block.attn)
        x = x + feed_forward(norm(x, block.norm2), block.mlp, idx, vit.ffn)
    x = norm(x, vit.last_norm)
    return x.transpose(1, 2).reshape(len(x), -1, *grid)


@pytest.fixture(scope='session')
def moe_reference() -> Callable[[nn.Module, Tensor, Tensor], Tensor]:
    return backbone
