# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from vitpose_mm.models.pose_estimators.multiscale_bottomup import resize

TINY = dict(embed_dim=16, depth=1, num_heads=2, mlp_ratio=2)


def build(name, **test_cfg):
    return MODELS.build(
        dict(
            type=name,
            backbone=dict(type='ViT', arch=TINY, img_size=(64, 64)),
            head=dict(
                type='AEHead',
                in_channels=16,
                num_keypoints=3,
                deconv_out_channels=(8, 8),
                deconv_kernel_sizes=(4, 4),
                decoder=dict(
                    type='UDPAssociativeEmbedding',
                    input_size=(64, 64),
                    heatmap_size=(16, 16),
                    sigma=1,
                    decode_keypoint_order=[0, 1, 2])),
            test_cfg=dict(output_heatmaps=True, **test_cfg))).eval()


def predict(model, images):
    meta = dict(
        flip_indices=[0, 2, 1],
        input_size=(64, 64),
        input_center=32,
        input_scale=64)
    data_samples = [PoseDataSample(metainfo=dict(meta)) for _ in images]
    with torch.no_grad():
        out = model(images, data_samples, mode='predict')
    return torch.stack([sample.pred_fields.heatmaps for sample in out])


@pytest.mark.parametrize('flip', [False, True])
def test_heatmaps_are_the_mean_over_the_scales(flip):
    model = build(
        'MultiscaleBottomupPoseEstimator',
        multiscale_test=True,
        flip_test=flip,
        aug_scales=[1, 1])
    single = build('BottomupPoseEstimator', flip_test=flip)
    single.load_state_dict(model.state_dict())
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(predict(model, images), predict(single, images))
    model.test_cfg['aug_scales'] = [.5, 1.5]
    assert not torch.allclose(predict(model, images), predict(single, images))
    assert predict(model, images).shape == (2, 3, 16, 16)


@pytest.mark.parametrize('scale, size', [(.5, (32, 48)), (1.5, (96, 144)),
                                         (.1, (16, 16))])
def test_sizes_are_multiples_of_the_patch(scale, size):
    assert resize(torch.zeros(1, 3, 64, 96), scale).shape[2:] == size


def test_corners_stay_corners():
    images = torch.randn(1, 3, 64, 96)
    torch.testing.assert_close(
        resize(images, .5)[..., ::31, ::47], images[..., ::63, ::95])
