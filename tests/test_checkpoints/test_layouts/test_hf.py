# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest
import torch
from mmengine.runner import load_checkpoint
from safetensors.torch import load_file
from transformers import (VitPoseBackboneConfig, VitPoseConfig,
                          VitPoseForPoseEstimation)

from vitpose_tools.checkpoint_tools.convert import convert

DATASETS = ['coco', 'aic', 'mpii', 'ap10k', 'apt36k', 'coco_wholebody']


@pytest.fixture
def hf_model(fill):

    def build(dim=384, depth=2, num_heads=12, decoder='simple', experts=1):
        backbone = VitPoseBackboneConfig(
            hidden_size=dim, num_hidden_layers=depth,
            num_attention_heads=num_heads, num_experts=experts,
            part_features=256 if experts == 1 else dim // 4,
            out_features=[f'stage{depth}'],
            layer_norm_eps=1e-6)
        config = VitPoseConfig(
            backbone_config=backbone, num_labels=17,
            use_simple_decoder=decoder == 'simple')
        return fill(VitPoseForPoseEstimation(config))

    return build


@pytest.fixture
def images():
    return torch.randn(2, 3, 256, 192)


def theirs(model, x, index=None):
    if index is not None:
        index = torch.full((len(x), ), index)
    with torch.no_grad():
        return model(x, dataset_index=index).heatmaps


@pytest.mark.parametrize('dim', [384, 768])
@pytest.mark.parametrize('decoder', ['classic', 'simple'])
def test_their_file_gives_their_heatmaps(tmp_path, hf_model, pose_model,
                                         heatmaps, images, dim, decoder):
    peer = hf_model(dim, decoder=decoder)
    peer.save_pretrained(tmp_path)
    model = pose_model(dim, decoder=decoder)

    load_checkpoint(model, str(tmp_path / 'model.safetensors'), strict=True)

    torch.testing.assert_close(heatmaps(model, images), theirs(peer, images),
                               atol=1e-4, rtol=0)


@pytest.mark.parametrize('dim', [384, 768])
@pytest.mark.parametrize('decoder', ['classic', 'simple'])
def test_our_file_gives_our_heatmaps_there(tmp_path, fill, pose_model,
                                           heatmaps, images, dim, decoder):
    model = fill(pose_model(dim, decoder=decoder))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'ours.pth')

    convert(tmp_path / 'ours.pth', tmp_path / 'hf', 'hf')
    peer = VitPoseForPoseEstimation.from_pretrained(tmp_path / 'hf').eval()

    torch.testing.assert_close(theirs(peer, images), heatmaps(model, images),
                               atol=1e-4, rtol=0)
    assert peer.config.backbone_config.layer_norm_eps == 1e-6


@pytest.mark.parametrize('dim', [384, 768])
def test_each_expert_of_a_plus_model(tmp_path, hf_model, pose_model, heatmaps,
                                     images, dim):
    peer = hf_model(dim, depth=1, decoder='classic', experts=6)
    peer.save_pretrained(tmp_path / 'plus')
    model = pose_model(dim, depth=1)

    for index, dataset in enumerate(DATASETS):
        convert(tmp_path / 'plus', tmp_path / 'dense.pth', 'vitpose_mm',
                dataset)
        # COCO's comes first and brings the only head that their file has.
        load_checkpoint(model, str(tmp_path / 'dense.pth'), strict=index == 0)

        torch.testing.assert_close(
            heatmaps(model, images), theirs(peer, images, index), atol=1e-4,
            rtol=0, msg=dataset)


def test_plus_model_goes_there_with_all_experts(tmp_path, official_weights,
                                                official_heatmaps, images):
    weights = official_weights(384, depth=1, part_features=96)
    torch.save(weights, tmp_path / 'joint.pth')

    convert(tmp_path / 'joint.pth', tmp_path / 'hf', 'hf')
    peer = VitPoseForPoseEstimation.from_pretrained(tmp_path / 'hf').eval()

    for index in range(6):
        expected = official_heatmaps(weights, images, expert=index)
        torch.testing.assert_close(theirs(peer, images, index), expected,
                                   atol=1e-4, rtol=0)


def test_expert_without_head_is_said_to_be_a_backbone(tmp_path, hf_model):
    hf_model(depth=1, decoder='classic', experts=6).save_pretrained(tmp_path)

    report = convert(tmp_path, tmp_path / 'aic.pth', 'vitpose_mm', 'aic')

    weights = torch.load(tmp_path / 'aic.pth', weights_only=True)
    assert not any(key.startswith('head') for key in weights['state_dict'])
    assert 'head of aic: the file holds none' in report.table()


@pytest.mark.parametrize('experts', [1, 6])
def test_round_trip_is_exact(tmp_path, hf_model, experts):
    peer = hf_model(depth=1, decoder='classic', experts=experts)
    peer.backbone.embeddings.position_embeddings.data[:, 0] = 0
    peer.save_pretrained(tmp_path / 'there')

    convert(tmp_path / 'there', tmp_path / 'ours.pth', 'vitpose_mm')
    convert(tmp_path / 'ours.pth', tmp_path / 'back', 'hf')

    there = load_file(tmp_path / 'there' / 'model.safetensors')
    back = load_file(tmp_path / 'back' / 'model.safetensors')
    assert back.keys() == there.keys()
    assert all(torch.equal(back[key], there[key]) for key in there)


def test_config_holds_what_transformers_writes(tmp_path, hf_model):
    hf_model(decoder='simple').save_pretrained(tmp_path / 'there')

    convert(tmp_path / 'there', tmp_path / 'back', 'hf')

    config = json.loads((tmp_path / 'back' / 'config.json').read_text())
    there = VitPoseConfig.from_pretrained(tmp_path / 'there')
    back = VitPoseConfig.from_pretrained(tmp_path / 'back')
    assert back.backbone_config.to_dict() == there.backbone_config.to_dict()
    assert back.use_simple_decoder and back.num_labels == 17
    assert config['backbone_config']['layer_norm_eps'] == 1e-6
