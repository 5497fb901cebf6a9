# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch

from vitpose_mm.models.layers import PatchEmbed


@pytest.mark.parametrize('size, grid', [((256, 192), (16, 12)),
                                        ((384, 288), (24, 18)),
                                        ((100, 75), (6, 4)),
                                        ((16, 16), (1, 1))])
def test_tokens_fill_the_grid_in_row_major_order(size, grid):
    embed = PatchEmbed(1, 16)
    torch.nn.init.ones_(embed.proj.weight)
    torch.nn.init.zeros_(embed.proj.bias)
    image = torch.zeros(1, 3, *size)
    image[:, :, -(size[0] % 16 + 8), 8] = 1.  # lower left patch
    tokens, found = embed(image)
    assert found == embed.grid_size(size) == grid
    assert tokens.shape == (1, grid[0] * grid[1], 1)
    assert tokens.flatten().nonzero().flatten().tolist() == [
        (grid[0] - 1) * grid[1]
    ]


def test_the_channels_of_a_token_lie_side_by_side():
    # A profile on a GPU: each norm copied tokens that do not, which took a
    # sixth of the time.
    tokens, _ = PatchEmbed(8)(torch.randn(2, 3, 64, 48))
    assert tokens.is_contiguous()


def test_patch_windows_are_shifted_by_the_padding():
    embed = PatchEmbed(1, 16)
    torch.nn.init.ones_(embed.proj.weight)
    torch.nn.init.zeros_(embed.proj.bias)
    image = torch.zeros(1, 3, 32, 32)
    image[:, :, 13] = 1.  # last row of the first window: 14 rows + 2 padding
    assert embed(image)[0].flatten().bool().tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize('patch_size', [1, 2, 3, 4, 5, 7, 8, 14, 16, 32])
def test_an_image_gives_a_patch_for_each_whole_stride(patch_size):
    for stride in range(1, patch_size + 1):
        embed = PatchEmbed(1, patch_size, stride)
        for h in (patch_size, 3 * stride + patch_size, 96, 128, 131):
            w = h + stride - 1
            tokens, grid = embed(torch.zeros(1, 3, h, w))
            assert grid == embed.grid_size((h, w)) == (h // stride,
                                                       w // stride)
            assert tokens.shape[1] == grid[0] * grid[1]


@pytest.mark.parametrize('patch_size, stride, first', [
    (16, None, -2), (14, None, -2), (5, None, -2), (4, None, -1),
    (3, None, -1), (2, None, 0), (1, None, 0), (16, 8, -4), (16, 4, -6),
    (16, 15, -1), (16, 13, -2)])
def test_a_patch_reads_these_pixels(patch_size, stride, first):
    """The third patch along an axis, by which pixels its token depends on."""
    stride_used = stride or patch_size
    embed = PatchEmbed(1, patch_size, stride)
    torch.nn.init.ones_(embed.proj.weight)
    image = torch.zeros(1, 3, 4 * patch_size, 4 * patch_size,
                        requires_grad=True)
    tokens, (_, cols) = embed(image)
    tokens[0, 2 * cols + 2].backward()
    read = image.grad[0, 0].nonzero()
    start = 2 * stride_used + first
    assert read.amin(0).tolist() == [start, start]
    assert read.amax(0).tolist() == [start + patch_size - 1] * 2


@pytest.mark.parametrize('size', [(15, 192), (256, 8), (1, 1)])
def test_image_smaller_than_a_patch_is_refused(size):
    with pytest.raises(ValueError, match=rf'{size[0]}x{size[1]} pixels.*'
                       'smaller than one patch of 16x16'):
        PatchEmbed(8, 16)(torch.zeros(1, 3, *size))
