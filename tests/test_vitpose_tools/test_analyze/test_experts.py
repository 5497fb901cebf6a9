# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch

from vitpose_mm.models.backbones import ViTMoE
from vitpose_tools.analyze.experts import (compare_outputs, compare_weights,
                                           summarise_blocks)

KINDS = ('partial', 'independent', 'shared_independent')


@pytest.mark.parametrize('ffn', KINDS)
def test_experts_that_are_the_same_are_found_in_their_block(ffn, make_model,
                                                            crop):
    model = make_model(ViTMoE, num_experts=3, ffn=ffn)
    experts = model.backbone.blocks[1].mlp.experts
    experts[2].load_state_dict(experts[0].state_dict())
    blocks = []
    for found in (compare_weights(model.backbone),
                  compare_outputs(model, [crop] * 2, 0,
                                  lambda: blocks.append(1))):
        assert len(found) == 3
        alike = torch.stack([similarity[0, 2] for similarity in found])
        assert float(alike[1]) == pytest.approx(1)
        assert alike[[0, 2]].max() < 0.95
        for similarity in found:
            torch.testing.assert_close(similarity, similarity.T)
    assert len(blocks) == 3


def test_tokens_go_the_way_of_the_expert(make_model, crop):
    model = make_model(ViTMoE, num_experts=3)
    ways = [torch.stack(compare_outputs(model, [crop], expert))
            for expert in (0, 1)]
    # Up to the first network all ways are one.
    torch.testing.assert_close(ways[0][0], ways[1][0])
    assert not torch.allclose(ways[0][1], ways[1][1])


def test_pairs_are_named():
    similarity = torch.tensor([[1., .2, .6], [.2, 1., .1], [.6, .1, 1.]])
    block, = summarise_blocks(['coco', 'aic', 'mpii'], [similarity.double()])
    assert block['block'] == 0 and block['mean'] == pytest.approx(.3)
    assert block['most_alike'] == dict(pair=['coco', 'mpii'],
                                       similarity=pytest.approx(.6))
    assert block['least_alike'] == dict(pair=['aic', 'mpii'],
                                        similarity=pytest.approx(.1))
