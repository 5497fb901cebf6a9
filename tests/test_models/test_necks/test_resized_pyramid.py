# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch
from mmpose.models.heads import HeatmapHead

from vitpose_mm.models.necks import ResizedPyramid


def test_levels_have_the_sizes_of_their_scales():
    neck = ResizedPyramid(6, 8, (2, 1, 0.5))
    levels = neck([torch.randn(2, 6, 4, 6)])
    assert [level.shape for level in levels] == [(2, 8, 8, 12), (2, 8, 4, 6),
                                                 (2, 8, 2, 3)]


def test_no_block_outweighs_another():
    neck = ResizedPyramid(6, 8, (1, ))
    first, second = torch.randn(2, 1, 6, 4, 4)
    same = neck([first, second])[0]
    torch.testing.assert_close(
        neck([first * 50, second])[0], same, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(neck([second, second])[0], same)


def test_half_a_level_is_the_mean_of_four_cells():
    neck = ResizedPyramid(6, 6, (0.5, ))
    torch.nn.init.eye_(neck.projs[0].weight)
    torch.nn.init.zeros_(neck.projs[0].bias)
    neck.norms[0] = torch.nn.Identity()
    maps = torch.randn(1, 6, 4, 4)
    normed = torch.nn.functional.layer_norm(
        maps.permute(0, 2, 3, 1), (6, )).permute(0, 3, 1, 2)
    expected = normed.reshape(1, 6, 2, 2, 2, 2).mean((3, 5))
    torch.testing.assert_close(neck([maps])[0], expected)


def test_a_trained_heads_deconvolutions_make_the_finest_level(tmp_path):
    trained = HeatmapHead(6, 17, (4, ), (4, ))
    torch.nn.init.normal_(trained.deconv_layers[0].weight)
    torch.save(
        dict(state_dict={
            f'head.{key}': value
            for key, value in trained.state_dict().items()
        }), tmp_path / 'trained.pth')
    neck = ResizedPyramid(
        6, 8, (1, 0.5),
        finest=dict(
            type='HeatmapHead', in_channels=6, out_channels=17,
            deconv_out_channels=(4, ), deconv_kernel_sizes=(4, ),
            final_layer=None,
            init_cfg=dict(type='Pretrained', prefix='head.',
                          checkpoint=str(tmp_path / 'trained.pth')))).eval()
    neck.init_weights()
    feats = torch.randn(2, 6, 4, 6), torch.randn(2, 6, 4, 6)
    levels = neck(feats)
    assert [level.shape[2:] for level in levels] == [(8, 12), (4, 6), (2, 3)]
    deconvolved = trained.deconv_layers.eval()(feats[-1])
    expected = torch.nn.functional.conv2d(
        deconvolved, neck.finest_proj.weight[..., None, None],
        neck.finest_proj.bias)
    expected = (expected - expected.mean(1, True)) / (
        expected.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(levels[0], expected, atol=1e-5, rtol=1e-4)
