# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Where a bottom-up prediction spends its time, by number of people."""
from functools import partial
from typing import List, Sequence, Tuple

import numpy as np
import torch
from mmpose.codecs import AssociativeEmbedding
from mmpose.codecs.utils import batch_heatmap_nms
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor
from torch.nn.functional import interpolate

from vitpose_mm.codecs import UDPAssociativeEmbedding
from vitpose_mm.codecs.group_by_tags import group_by_tags
from .measure import row, time_interleaved
from .recipes import build_model, load_leaf

SIZE, CELLS, KINDS = 512, 128, 17
# Cells between the places of two people.
SPACING = 18


def benchmark_grouping(people: Sequence[int], device: str,
                       rounds: int) -> List[dict]:
    """Time a forward of ViT-S and its head on one image of 512x512 pixels
    with flip test, and the decoding of perfect maps, in turns.

    Decoding is split into finding candidates, grouping them and the rest
    (refining, placing what is missing). One keypoint in five is not to be
    seen. MMPose decodes as its own associative-embedding config does, at the
    size of the image (restored), and at the size of the heatmap.

    Args:
        people: Numbers of people, up to 30.

    Returns:
        A row per number and part; ``time_ratio`` is that to the forward.
    """
    model = build_model(load_leaf('bottom_up')).to(device).eval()
    image = torch.randn(1, 3, SIZE, SIZE, device=device)

    @torch.inference_mode()
    def forward() -> None:
        for view in (image, image.flip(-1)):
            model(view, None, mode='tensor')

    rows = []
    for count in people:
        runs = dict(
            forward=forward, **make_runs(model.head.decoder, count, device))
        taken = time_interleaved(runs, rounds, 1, device)
        rows += [
            row(dict(work='bottom-up', implementation=name, device=device,
                     size=(SIZE, SIZE), batch=1, people=count),
                timing, 1, taken['forward'])
            for name, timing in taken.items()
        ]
    return rows


def maps(codec: UDPAssociativeEmbedding, people: int,
         device: str) -> Tuple[Tensor, Tensor]:
    """Maps of people with their keypoints around places of their own, of an
    image and its mirror image: heatmaps (1, K, H, W), tags (1, 2 * K, H, W).
    """
    rng = np.random.default_rng(people)
    grid = np.stack(np.mgrid[10:CELLS - 8:SPACING, 10:CELLS - 8:SPACING], -1)
    places = rng.permutation(grid.reshape(-1, 2))[:people, None]
    keypoints = 4. * (places + rng.uniform(-7, 7, (people, KINDS, 2)))
    visible = (rng.random((people, KINDS)) > .2).astype(np.float32)
    encoded = codec.encode(keypoints.astype(np.float32), visible)
    heatmaps = torch.from_numpy(encoded['heatmaps'])
    heatmaps += .01 * torch.rand_like(heatmaps)
    tags = torch.zeros(2, CELLS, CELLS)
    rows, columns = torch.from_numpy(np.indices((CELLS, CELLS)))
    for tag, (x, y) in enumerate(places[:, 0], 1):
        near = torch.maximum((rows - y).abs(), (columns - x).abs()) <= 8
        tags[:, near] = 3. * tag
    tags = (tags[:, None] + .1 * torch.randn(2, KINDS, 1, 1)).flatten(0, 1)
    return heatmaps[None].to(device), tags[None].to(device)


def decode_restored(codec: AssociativeEmbedding, *both: Tensor) -> None:
    """What MMPose's config does: maps of the size of the image."""
    codec.batch_decode(*(interpolate(part, (SIZE, SIZE), mode='bilinear')
                         for part in both))


def find_candidates(codec: AssociativeEmbedding, heatmaps: Tensor,
                    tags: Tensor) -> list:
    """First part of decoding, with its copy to the host."""
    peaks = batch_heatmap_nms(heatmaps, codec.decode_nms_kernel)
    found = codec._get_batch_topk(peaks, tags, codec.decode_topk)
    return [part.cpu().numpy() for part in found]


def make_runs(codec: UDPAssociativeEmbedding, people: int,
              device: str) -> dict:
    """Name -> what is timed."""
    both = maps(codec, people, device)
    scores, tags, cells = find_candidates(codec, *both)
    options = dict(
        type='AssociativeEmbedding',
        input_size=(SIZE, SIZE),
        sigma=2,
        use_udp=True,
        decode_keypoint_order=codec.decode_keypoint_order,
        decode_max_instances=codec.decode_max_instances)
    stock, restored = (
        KEYPOINT_CODECS.build(dict(options, heatmap_size=(side, side)))
        for side in (CELLS, SIZE))
    return {
        'decode': partial(codec.batch_decode, *both),
        'decode: candidates': partial(find_candidates, codec, *both),
        'decode: grouping': partial(
            group_by_tags, scores[0], tags[0], codec.decode_keypoint_order,
            codec.decode_keypoint_thr, codec.decode_tag_thr),
        # It overwrites the maps, so it is given copies.
        'MMPose decode': lambda: stock.batch_decode(
            *(part.clone() for part in both)),
        'MMPose decode: grouping': partial(stock._group_keypoints, scores,
                                           tags, cells),
        'MMPose decode, restored': partial(decode_restored, restored, *both),
    }
