# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmengine.utils import digit_version
from mmpose.models import build_pose_estimator
from mmpose.structures import PoseDataSample

from vitpose_mm.codecs import BatchUDPHeatmap
from vitpose_tools.export.graph import CropNetwork, Decoder

FLIP = [0, 2, 1]


def peaks(count: int) -> torch.Tensor:
    """Gaussians, some at the border, of different heights."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:16, :12]
    places = rng.uniform(0, (11, 15), (count, 3, 2))
    distances = ((x - places[..., 0, None, None])**2
                 + (y - places[..., 1, None, None])**2)
    heights = rng.uniform(.01, 60, (count, 3, 1, 1))
    return torch.from_numpy(heights * np.exp(-distances / 8)).float()


@pytest.mark.parametrize('numerics', ['mmpose', 'official', 'hf'])
def test_decoder_finds_what_the_codec_finds(numerics):
    codec = BatchUDPHeatmap((48, 64), (12, 16), numerics=numerics)
    heatmaps = peaks(50)
    heatmaps[0] = 0
    heatmaps[1, 0, 3, 4] = float('nan')
    heatmaps[1, 1] = -1
    centers = torch.rand(50, 2) * 500
    scales = torch.rand(50, 2) * 300 + 20

    keypoints, scores = Decoder(codec)(heatmaps, centers, scales)

    expected, expected_scores = codec.locate(heatmaps)
    expected = expected / torch.tensor([48., 64.]) * scales[:, None] + (
        centers - scales / 2)[:, None]
    torch.testing.assert_close(keypoints.double(), expected, atol=5e-3,
                               rtol=0)
    torch.testing.assert_close(scores, expected_scores)


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'),
    reason='an older torch exports nothing')
def test_decoder_is_the_same_as_a_graph():
    codec = BatchUDPHeatmap((48, 64), (12, 16))
    decoder = Decoder(codec)
    batch = torch.export.Dim('batch')
    where = torch.rand(2, 2), torch.rand(2, 2)
    program = torch.export.export(
        decoder, (peaks(2), *where),
        dynamic_shapes=tuple({0: batch} for _ in range(3)))
    inputs = peaks(7), torch.rand(7, 2), torch.rand(7, 2) + 1

    for found, expected in zip(program.module()(*inputs), decoder(*inputs)):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('bgr_to_rgb', [True, False])
@pytest.mark.parametrize('flip, shift', [(False, False), (True, False),
                                         (True, True)])
def test_network_is_preprocessing_model_and_flip_test(fill, bgr_to_rgb, flip,
                                                      shift):
    init_default_scope('mmpose')
    model = fill(build_pose_estimator(dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor', mean=[123.7, 116.3, 103.5],
            std=[58.4, 57.1, 57.3], bgr_to_rgb=bgr_to_rgb),
        backbone=dict(
            type='ViT', img_size=(64, 48), patch_size=16,
            arch=dict(embed_dim=32, depth=2, num_heads=2, mlp_ratio=2)),
        head=dict(
            type='HeatmapHead', in_channels=32, out_channels=3,
            deconv_out_channels=(8, ), deconv_kernel_sizes=(4, ),
            decoder=dict(type='UDPHeatmap', input_size=(48, 64),
                         heatmap_size=(6, 8), sigma=2)),
        test_cfg=dict(flip_test=flip, shift_heatmap=shift,
                      output_heatmaps=True)))).eval()
    crops = torch.randint(0, 256, (3, 64, 48, 3), dtype=torch.uint8)
    meta = dict(flip_indices=FLIP, input_size=(48, 64),
                input_center=np.zeros(2), input_scale=np.ones(2))
    samples = [PoseDataSample(metainfo=meta) for _ in crops]
    for sample in samples:
        sample.gt_instances = InstanceData(
            bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))

    with torch.no_grad():
        results = model.test_step(dict(
            inputs=list(crops.permute(0, 3, 1, 2)), data_samples=samples))
        found = CropNetwork(model, flip_indices=FLIP if flip else None,
                            shift_heatmap=shift)(crops)

    expected = torch.stack([each.pred_fields.heatmaps for each in results])
    assert expected.std() > .01
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
