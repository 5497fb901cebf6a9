# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How fast heatmaps become keypoints, and keypoints become targets."""
from typing import List

import numpy as np
import torch
from mmpose.registry import KEYPOINT_CODECS

from .measure import row, time_interleaved
from .recipes import Size, load_recipe


def benchmark_codec(num_keypoints: int, size: Size, batch: int, device: str,
                    rounds: int) -> List[dict]:
    """Time BatchUDPHeatmap and MMPose's UDPHeatmap on the same batches.

    Decoding starts with heatmaps on the device and ends with keypoints on the
    host, as the metric wants them. Encoding starts with keypoints on the host
    and ends with a heatmap tensor per sample: where MMPose makes it, on the
    host, and where BatchUDPHeatmap does, on the device.

    Args:
        num_keypoints: Of each sample.
        size: (h, w) of the crops in pixels.
        batch: Samples.
        device: Where the heatmaps come from.
        rounds: Timed runs of each.

    Returns:
        Four rows of results: work 'decode' and 'encode', two
        implementations.
    """
    stock, ours = (
        KEYPOINT_CODECS.build(load_recipe(name, 'base', size).codec)
        for name in ('plain', 'vitpose_mm'))
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(0, size[::-1], (batch, 1, num_keypoints, 2))
    people = list(keypoints.astype(np.float32))
    heatmaps = np.stack([stock.encode(person)['heatmaps']
                         for person in people])
    heatmaps += 0.005 * rng.standard_normal(heatmaps.shape)
    heatmaps = torch.from_numpy(heatmaps).to(device)

    def stock_decode() -> list:
        return [stock.decode(maps) for maps in heatmaps.cpu().numpy()]

    def our_encode() -> List[torch.Tensor]:
        packed = [ours.encode(person)['keypoint_labels'] for person in people]
        labels = torch.from_numpy(np.concatenate(packed)).to(device)
        return ours.draw(list(labels))

    works = dict(
        decode=dict(
            vitpose_mm=lambda: ours.batch_decode(heatmaps),
            mmpose=stock_decode),
        encode=dict(
            vitpose_mm=our_encode,
            mmpose=lambda: [stock.encode(person)['heatmaps']
                            for person in people]))
    return [
        row(dict(work=work, implementation=name, device=device,
                 keypoints=num_keypoints, size=size, batch=batch),
            timing, batch)
        for work, runs in works.items() for name, timing in time_interleaved(
            runs, rounds, warmup=2, device=device).items()
    ]
