# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which options of a test suit weights that learned in which encoding: a
perfect network draws the heatmaps of its training, and is tested."""
from itertools import product
from pathlib import Path
from typing import Tuple

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
PUBLISHED = sorted(CONFIGS.rglob('td-hm_ViTPose-*-published-256x192.py'))
PUBLISHED = [path for path in PUBLISHED if 'joint' not in path.parts]
SIZE = np.array([192, 256])  # (w, h) of the crop
PEOPLE = 64
PLAIN, UDP = (
    dict(type=kind, input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
    for kind in ('MSRAHeatmap', 'UDPHeatmap'))


def draw(codec: dict, points: np.ndarray) -> Tensor:
    """Heatmaps (people, K, 64, 48) of points (people, K, 2), crop pixels."""
    if codec is PLAIN:
        # Targets are rounded to pixels; a network averages over them.
        codec = dict(codec, unbiased=True)
    encoder = KEYPOINT_CODECS.build(codec)
    seen = np.ones((1, points.shape[1]))
    return torch.from_numpy(np.stack([
        encoder.encode(person[None], seen)['heatmaps'] for person in points]))


def mean_error(trained: dict, use_udp: bool, decoder: dict, shift: bool,
               flips: Tuple[int, ...]) -> float:
    """Pixels of the crop between keypoints and what a test finds.

    Args:
        trained: Codec of the network's training.
        use_udp: Whether the test warps so.
        decoder: Codec of the test.
        shift: Whether it shifts the mirrored heatmaps.
        flips: Index of each keypoint's mirror image.
    """
    # The box is as large as the crop, so pixels of image and crop agree,
    # but for UDP, whose crop reaches from the first centre to the last.
    random = np.random.default_rng(0)
    truth = random.uniform(16, SIZE - 16, (PEOPLE, len(flips), 2))
    points = truth * (SIZE - 1) / SIZE if use_udp else truth
    mirrored = points[:, flips] * (-1, 1) + (SIZE[0] - 1, 0)
    head = MODELS.build(
        dict(type='HeatmapHead', in_channels=8, out_channels=len(flips),
             deconv_out_channels=None, decoder=decoder))
    head.forward = lambda heatmaps: heatmaps
    sample = PoseDataSample(metainfo=dict(flip_indices=list(flips)))
    found = head.predict(
        [draw(trained, points), draw(trained, mirrored)], PEOPLE * [sample],
        dict(flip_test=True, flip_mode='heatmap', shift_heatmap=shift))
    found = np.concatenate([person.keypoints for person in found])
    return np.linalg.norm(found - truth, axis=-1).mean()


@pytest.mark.parametrize('path', PUBLISHED, ids=lambda path: path.stem)
def test_published_leaves_test_as_the_models_were_trained(path):
    config = Config.fromfile(path)
    plain = Config.fromfile(
        str(path).replace('-published-256x192', '-256x192'))
    dataset = DATASETS.get(config.dataset_type)
    flips = parse_pose_metainfo(dataset.METAINFO)['flip_indices']
    errors = []
    for each in config, plain:
        for name in 'val', 'test':
            pipeline = each[f'{name}_dataloader'].dataset.pipeline
            warp, = (step for step in pipeline if step.type == 'TopdownAffine')
            errors.append(mean_error(
                PLAIN, warp.get('use_udp', False), each.model.head.decoder,
                each.model.test_cfg.shift_heatmap, flips))
    warp, target = config.train_dataloader.dataset.pipeline[-3:-1]
    assert not warp.get('use_udp') and target.encoder == PLAIN
    # A pixel of the crop; 0.85 and 1.74 when this was written.
    assert max(errors[:2]) < 1 < min(errors[2:])


@pytest.mark.parametrize('trained, best', [
    (PLAIN, (PLAIN, True)), (UDP, (UDP, False))])
def test_no_other_options_suit_the_encoding_better(trained, best):
    flips = (1, 0, 3, 2)
    errors = {
        (use_udp, decoder['type'], shift): mean_error(
            trained, use_udp, decoder, shift, flips)
        for use_udp, decoder, shift in product(
            (False, True), (PLAIN, UDP), (False, True))
    }
    decoder, shift = best
    own = errors[trained is UDP, decoder['type'], shift]
    assert own == min(errors.values())
