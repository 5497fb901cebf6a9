# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch

from vitpose_mm.models.query_pose.decoder import CORRECTION, QueryPoseDecoder
from vitpose_mm.models.query_pose.proposals import Skeleton

K, C = 3, 16


def test_keypoints_go_to_where_they_are_found_on_the_finest_map():
    decoder = QueryPoseDecoder(C, 2, 2, 2, 2)
    asked = []

    class Found(torch.nn.Module):

        def forward(self, x, keypoints, level, size, extents):
            asked.append((keypoints, level, size, extents))
            return keypoints + 7.

    for outputs in decoder.outputs:
        outputs.locate = Found()
        torch.nn.init.constant_(outputs.shift[-1].bias, 0.1)
    start = torch.tensor([[[[10., 10.], [50., 20.], [30., 30.]]]])
    levels = [torch.randn(1, C, 8, 8), torch.randn(1, C, 4, 4)]
    people = decoder(torch.randn(1, 1, 1 + K, C), start, levels, (64, 64), 8.)
    # A person that only moves stays as large, 40 pixels.
    move = 7 + 0.1 * 40 * CORRECTION
    for number, (person, (keypoints, level, size, extents)) in enumerate(
            zip(people, asked)):
        torch.testing.assert_close(keypoints, start + move * number)
        torch.testing.assert_close(person.keypoints, keypoints + move)
        assert level is levels[0] and size == (64, 64)
        assert extents.shape == (1, 1, 1, 1)
        torch.testing.assert_close(extents.item(), 40.)


def test_a_keypoints_token_is_as_large_as_a_cells():
    skeleton = Skeleton(100, 100)
    cell = torch.nn.LayerNorm(100)(torch.randn(100))
    sizes = skeleton.tokens.detach().std(1) / cell.detach().std()
    assert 0.7 < sizes.min() and sizes.max() < 1.4
