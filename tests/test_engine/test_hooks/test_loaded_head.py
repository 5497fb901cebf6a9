# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
from mmpose.registry import MODELS

from vitpose_mm.engine.hooks.loaded_head import check_loaded_head


@pytest.fixture
def model():
    return MODELS.build(
        dict(
            type='BottomupPoseEstimator',
            backbone=dict(
                type='ViT', arch=dict(embed_dim=16, depth=1, num_heads=2,
                                      mlp_ratio=2), img_size=(64, 64)),
            neck=dict(type='ResizedPyramid', in_channels=16, out_channels=16,
                      scales=(2, 1)),
            head=dict(type='QueryPoseHead', in_channels=16, num_keypoints=17,
                      strides=(8, 16), num_heads=2,
                      decoder=dict(type='QueryPoseLabel',
                                   input_size=(64, 64)))))


def shapes_of(model, without='nothing'):
    return {name: tensor.shape for name, tensor in model.state_dict().items()
            if not name.startswith(without)}


@pytest.mark.parametrize('part', ['neck', 'head'])
def test_parts_that_would_stay_random_are_refused(model, part):
    check_loaded_head(model, shapes_of(model), 'all.pth')
    with pytest.raises(ValueError, match=f'some.pth .* the {part} of this '
                       rf'config: {part}\.'):
        check_loaded_head(model, shapes_of(model, part), 'some.pth')


def test_a_backbone_is_not_its_business(model):
    check_loaded_head(model, shapes_of(model, 'backbone'), 'head.pth')
