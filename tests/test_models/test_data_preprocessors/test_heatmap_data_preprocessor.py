# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""MMPose's own pipeline, head and loss with targets drawn here."""
import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmpose.datasets.transforms import GenerateTarget, PackPoseInputs
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

STOCK = dict(type='UDPHeatmap', input_size=(96, 128), heatmap_size=(24, 32))
CODEC = dict(STOCK, type='BatchUDPHeatmap')
NORM = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True)
stock = dict(type='PoseDataPreprocessor', **NORM)
ours = dict(type='HeatmapDataPreprocessor', codec=CODEC, **NORM)


def samples(codec: dict, counts=(17, 17, 17), **target) -> list:
    """What a loader's pipeline hands to the collate function."""
    rng = np.random.default_rng(0)
    packed = []
    for count in counts:
        results = dict(
            img=rng.integers(0, 256, (128, 96, 3), np.uint8),
            keypoints=rng.uniform(
                (-20, -20), (116, 148), (1, count, 2)).astype(np.float32),
            keypoints_visible=rng.integers(
                0, 2, (1, count)).astype(np.float32),
            dataset_keypoint_weights=rng.uniform(
                0.5, 1.5, count).astype(np.float32))
        results = GenerateTarget(encoder=codec, **target)(results)
        packed.append(PackPoseInputs(meta_keys=())(results))
    return packed


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_images_and_targets_are_those_of_stock(collate):
    options = dict(use_dataset_keypoint_weights=True)
    expected = MODELS.build(stock)(
        pseudo_collate(samples(STOCK, **options)))
    batch = MODELS.build(ours)(collate(samples(CODEC, **options)))
    assert torch.equal(batch['inputs'], expected['inputs'])
    for one, other in zip(batch['data_samples'], expected['data_samples']):
        assert torch.allclose(
            one.gt_fields.heatmaps, other.gt_fields.heatmaps, atol=1e-6)
        assert torch.equal(one.gt_instance_labels.keypoint_weights,
                           other.gt_instance_labels.keypoint_weights)


def test_samples_may_have_different_keypoints():
    batch = MODELS.build(ours)(
        pseudo_collate(samples(CODEC, counts=(17, 14, 133))))
    assert [s.gt_fields.heatmaps.shape[0] for s in batch['data_samples']] == [
        s.gt_instance_labels.keypoint_weights.shape[1]
        for s in batch['data_samples']
    ] == [17, 14, 133]


def test_batches_without_targets_pass():
    packed = samples(CODEC)
    for sample in packed:
        del sample['data_samples'].gt_instance_labels.keypoint_labels
    batch = MODELS.build(ours)(pseudo_collate(packed))
    assert 'gt_fields' not in batch['data_samples'][0]
    alone = MODELS.build(ours)(dict(inputs=[packed[0]['inputs']]))
    assert torch.equal(alone['inputs'][0], batch['inputs'][0])
    bare = [PoseDataSample() for _ in packed]
    assert 'gt_fields' not in MODELS.build(ours)(
        dict(inputs=batch['inputs'], data_samples=bare))['data_samples'][0]


def test_the_callers_images_are_left_as_they_are():
    images = torch.rand(2, 3, 128, 96)
    expected = images.clone()
    MODELS.build(dict(ours, bgr_to_rgb=False))(dict(inputs=images))
    assert torch.equal(images, expected)


def test_head_learns_from_them_as_from_stock():
    head = dict(
        type='HeatmapHead',
        in_channels=8,
        out_channels=17,
        deconv_out_channels=(8, ),
        deconv_kernel_sizes=(4, ),
        loss=dict(type='KeypointMSELoss', use_target_weight=True))
    heads = [MODELS.build(dict(head, decoder=c)) for c in (STOCK, CODEC)]
    heads[1].load_state_dict(heads[0].state_dict())
    batches = [
        MODELS.build(cfg)(pseudo_collate(samples(codec)))['data_samples']
        for cfg, codec in ((stock, STOCK), (ours, CODEC))
    ]
    feats = (torch.randn(3, 8, 16, 12), )
    losses = [
        head.loss(feats, batch) for head, batch in zip(heads, batches)
    ]
    assert torch.allclose(losses[0]['loss_kpt'], losses[1]['loss_kpt'])
    heatmaps = torch.stack([s.gt_fields.heatmaps for s in batches[0]])
    predictions = [head.decode(heatmaps + 0.01) for head in heads]
    for one, other in zip(*predictions):
        assert np.allclose(one.keypoints, other.keypoints, atol=1e-3)
        assert np.array_equal(one.keypoint_scores, other.keypoint_scores)


def test_head_runs_in_bfloat16_where_stock_stops():
    head = dict(
        type='HeatmapHead', in_channels=8, out_channels=17,
        deconv_out_channels=(), deconv_kernel_sizes=())
    feats = (torch.randn(2, 8, 32, 24), )
    with torch.autocast('cpu', dtype=torch.bfloat16):
        with pytest.raises(TypeError, match='BFloat16'):
            MODELS.build(dict(head, decoder=STOCK)).predict(feats, None)
        people = MODELS.build(dict(head, decoder=CODEC)).predict(feats, None)
    assert len(people) == 2 and people[0].keypoints.shape == (1, 17, 2)
