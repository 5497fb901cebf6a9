# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The whole model against MMPose's own ViTPose on MMPretrain's ViT."""
import re
from pathlib import Path

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

CONFIGS = 'configs/body_2d_keypoint/topdown_heatmap/coco'
# MMPretrain's name of a parameter -> ours.
RENAMES = [(r'^backbone\.layers\.', 'backbone.blocks.'),
           (r'\.patch_embed\.projection\.', '.patch_embed.proj.'),
           (r'\.ffn\.layers\.0\.0\.', '.mlp.fc1.'),
           (r'\.ffn\.layers\.1\.', '.mlp.fc2.'), (r'\.ln(\d)\.', r'.norm\1.'),
           (r'^backbone\.norm1\.', 'backbone.last_norm.')]


def build(config: Path, arch=None) -> torch.nn.Module:
    model = Config.fromfile(config).model
    model.backbone.init_cfg = None
    if arch is not None:
        model.backbone.arch = arch
    return MODELS.build(model).eval()


def build_pair(repo: Path, size: str, two_blocks: bool):
    name = f'td-hm_ViTPose-{size}_8xb64-210e_coco-256x192.py'
    theirs = Path(mmpose.__path__[0]) / '.mim' / CONFIGS / name
    width, heads = dict(large=(1024, 16), huge=(1280, 16)).get(size, (0, 0))
    ours = build(
        repo / CONFIGS / name,
        dict(embed_dim=width, depth=2, num_heads=heads)
        if two_blocks else None)
    theirs = build(
        theirs,
        dict(
            embed_dims=width,
            num_layers=2,
            num_heads=heads,
            feedforward_channels=4 * width) if two_blocks else None)
    state = {}
    for key, tensor in theirs.state_dict().items():
        for pattern, replacement in RENAMES:
            key = re.sub(pattern, replacement, key)
        state[key] = torch.randn_like(tensor) * 0.05 + (
            1 if 'running_var' in key else 0) \
            if tensor.is_floating_point() else tensor
    ours.load_state_dict(state)
    for key, tensor in zip(list(theirs.state_dict()), state.values()):
        theirs.state_dict()[key].copy_(tensor)
    return ours, theirs


@torch.no_grad()
@pytest.mark.parametrize('size, two_blocks', [
    ('small', False),
    pytest.param('base', False, marks=pytest.mark.slow),
    ('large', True),
    pytest.param('huge', True, marks=pytest.mark.slow),
])
def test_heatmaps_equal_those_of_mmpose(repo, mmpretrain, size, two_blocks):
    ours, theirs = build_pair(repo, size, two_blocks)
    images = torch.randn(2, 3, 256, 192)
    expected = theirs(images, None, mode='tensor')
    assert expected.std() > 1e-3
    torch.testing.assert_close(
        ours(images, None, mode='tensor'), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_flip_test_is_the_mean_with_the_mirrored_image(repo):
    config = repo / CONFIGS / 'td-hm_ViTPose-small_8xb64-210e_coco-256x192.py'
    model = build(config)
    images = torch.randn(1, 3, 256, 192)
    pairs = [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14),
             (15, 16)]
    order = list(range(17))
    for left, right in pairs:
        order[left], order[right] = right, left
    heatmaps = model(images, None, mode='tensor')
    mirrored = model(images.flip(3), None, mode='tensor').flip(3)[:, order]
    sample = PoseDataSample(
        metainfo=dict(
            flip_indices=order,
            input_size=(192, 256),
            input_center=torch.zeros(2).numpy(),
            input_scale=torch.ones(2).numpy()))
    model.test_cfg['output_heatmaps'] = True
    feats = [model.extract_feat(images), model.extract_feat(images.flip(3))]
    _, fields = model.head.predict(feats, [sample], model.test_cfg)
    torch.testing.assert_close(fields[0].heatmaps,
                               ((heatmaps + mirrored) / 2)[0])
