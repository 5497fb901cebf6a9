# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

CODEC = dict(
    type='BatchUDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16))
MODEL = dict(
    backbone=dict(
        type='ViT', arch=dict(embed_dim=32, depth=2, num_heads=4),
        img_size=(64, 48)),
    head=dict(
        type='HeatmapHead', in_channels=32, out_channels=4,
        deconv_out_channels=(16, 16), deconv_kernel_sizes=(4, 4),
        decoder=CODEC))


def build(name: str, **test_cfg):
    """An estimator; the same weights each time."""
    torch.manual_seed(0)
    model = MODELS.build(dict(MODEL, type=name, test_cfg=test_cfg)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


def predict(model, count: int = 3):
    torch.manual_seed(1)
    crops = torch.randn(count, 3, 64, 48)
    samples = [
        PoseDataSample(metainfo=dict(
            flip_indices=[1, 0, 3, 2], input_size=(48, 64),
            input_center=np.array([30., 40.]),
            input_scale=np.array([60., 80.])))
        for _ in range(count)
    ]
    for sample in samples:
        sample.gt_instances = InstanceData(
            bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    with torch.no_grad():
        samples = model.predict(crops, samples)
    return samples


def keypoints(samples):
    return np.concatenate([s.pred_instances.keypoints for s in samples])


@pytest.mark.parametrize('flip', [False, True])
def test_predicts_what_the_stock_estimator_does(flip):
    test_cfg = dict(flip_test=flip, output_heatmaps=True)
    stock, fast = (predict(build(name, **test_cfg)) for name in
                   ('TopdownPoseEstimator', 'FastTopdownPoseEstimator'))
    for one, other in zip(stock, fast):
        assert torch.allclose(
            one.pred_fields.heatmaps, other.pred_fields.heatmaps, atol=1e-6)
    # Rounding makes no difference to where untrained heatmaps peak.
    assert np.abs(keypoints(stock) - keypoints(fast)).max() < 0.05


def test_flip_test_is_one_batch():
    model = build('FastTopdownPoseEstimator', flip_test=True)
    with mock.patch.object(
            model.backbone, 'embed', side_effect=model.backbone.embed) as run:
        predict(model)
    (crops, ), = (call.args for call in run.call_args_list)
    assert crops.shape == (6, 3, 64, 48)
    assert torch.equal(crops[3:], crops[:3].flip(-1))


@pytest.mark.parametrize('flip', [False, True])
def test_half_precision_is_one_key(flip):
    options = dict(flip_test=flip, output_heatmaps=True)
    name = 'FastTopdownPoseEstimator'
    full = predict(build(name, **options))
    half = predict(build(name, amp_dtype='bfloat16', **options))
    one, other = (samples[0].pred_fields.heatmaps for samples in (full, half))
    # MMPose resizes and draws float32 only.
    assert one.dtype == other.dtype == torch.float32
    assert 0 < (one - other).abs().max() < 0.05 * one.abs().max()
    assert torch.equal(other, other.bfloat16().float())
    assert np.isfinite(keypoints(half)).all()


def test_a_precision_that_torch_would_leave_out_is_refused():
    # Of no torch's autocast on a CPU; it warns and computes in float32.
    model = build('FastTopdownPoseEstimator', amp_dtype='float64')
    with pytest.raises(ValueError, match="amp_dtype='float64'.*on cpu"):
        predict(model)


def test_the_loops_autocast_is_left_alone():
    model = build('FastTopdownPoseEstimator', output_heatmaps=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        samples = predict(model)
    heatmaps = samples[0].pred_fields.heatmaps
    assert torch.equal(heatmaps, heatmaps.bfloat16().float())
