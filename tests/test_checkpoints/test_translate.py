# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import logging

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner import CheckpointLoader, load_checkpoint
from mmpose.registry import MODELS


@pytest.fixture
def log(caplog):
    """What MMEngine's logger writes."""
    logger = MMLogger.get_instance('translate')
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    yield caplog
    logger.removeHandler(caplog.handler)


@pytest.fixture
def resnet_file(tmp_path):
    model = MODELS.build(dict(type='ResNet', depth=18))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'resnet.pth')
    return str(tmp_path / 'resnet.pth')


def test_file_of_another_model_passes_untouched(resnet_file):
    weights = torch.load(resnet_file, weights_only=True)['state_dict']
    model = MODELS.build(dict(type='ResNet', depth=18))

    loaded = CheckpointLoader.load_checkpoint(resnet_file)
    load_checkpoint(model, resnet_file, strict=True)

    assert list(loaded['state_dict']) == list(weights)
    assert torch.equal(model.conv1.weight, weights['conv1.weight'])


@pytest.mark.parametrize('how', ['load_from', 'init_cfg'])
def test_file_of_another_model_is_refused_by_a_vit(resnet_file, pose_model,
                                                   how):
    model = pose_model(
        init_cfg=dict(type='Pretrained', checkpoint=resnet_file))

    with pytest.raises(ValueError, match='resnet.pth holds no ViTPose or ViT '
                       'weights.*looks like a ResNet'):
        if how == 'load_from':
            load_checkpoint(model, resnet_file)
        else:
            model.backbone.init_weights()


def test_file_with_a_student_still_loads_into_a_student(tmp_path, pose_model,
                                                        fill):
    source, target = (torch.nn.ModuleDict(dict(student=pose_model()))
                      for _ in range(2))
    fill(source)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'both.pth')

    load_checkpoint(target, str(tmp_path / 'both.pth'), strict=True)

    assert torch.equal(target['student'].backbone.pos_embed,
                       source['student'].backbone.pos_embed)


def test_other_size_is_refused_with_both_sizes_and_the_cure(
        tmp_path, official_weights, pose_model):
    weights = official_weights(768, depth=1)
    weights['backbone.blocks.11.norm1.bias'] = torch.zeros(768)
    torch.save(weights, tmp_path / 'vitpose-b.pth')

    with pytest.raises(ValueError) as error:
        load_checkpoint(pose_model(384), str(tmp_path / 'vitpose-b.pth'))

    message = str(error.value)
    assert "arch 'base' (embed_dim 768, depth 12" in message
    assert '(embed_dim 384, depth 2' in message
    assert "set the backbone's arch='base'" in message


def test_other_ffn_width_is_refused(tmp_path, official_weights, pose_model):
    torch.save(official_weights(), tmp_path / 'file.pth')
    model = pose_model()
    model.backbone.blocks[1].mlp.fc1 = torch.nn.Linear(96, 192)

    with pytest.raises(ValueError, match=r'blocks.1.mlp.fc1.weight of shape '
                       r'\(384, 96\), but the model has \(192, 96\)'):
        load_checkpoint(model, str(tmp_path / 'file.pth'))


def test_table_says_what_became_of_the_file(tmp_path, official_weights,
                                            pose_model, log):
    weights = official_weights(num_slots=1 + 18 * 24)
    weights['backbone.cls_token'] = torch.zeros(1, 1, 96)
    del weights['backbone.blocks.1.norm2.bias']
    torch.save(weights, tmp_path / 'file.pth')

    load_checkpoint(pose_model(), str(tmp_path / 'file.pth'))

    table = next(record.getMessage() for record in log.records
                 if 'layout: official' in record.getMessage())
    rows = [line.split(maxsplit=1) for line in table.splitlines()[1:]]
    assert rows == [
        ['loaded', '28 of 29 tensors of the backbone'],
        ['folded', 'position slot 0 added to the 432 patch slots'],
        ['resized', 'pos_embed 24x18 to 16x12 (rows x cols)'],
        ['ignored', 'cls_token'],
        ['missing', 'blocks.1.norm2.bias: stays as initialised'],
    ]
    assert sum('layout: official' in record.getMessage()
               for record in log.records) == 1


def test_own_file_resumes_with_all_it_holds(tmp_path, pose_model):
    own = dict(state_dict=pose_model().state_dict(), message_hub={},
               meta=dict(epoch=3, dataset_meta=dict(dataset_name='coco')))
    torch.save(own, tmp_path / 'epoch_3.pth')

    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'epoch_3.pth'))

    assert loaded.keys() == own.keys() and loaded['meta'] == own['meta']
    assert loaded['state_dict'].keys() == own['state_dict'].keys()


def test_own_backbone_alone_loads_into_a_model(tmp_path, pose_model, fill):
    backbone = fill(pose_model()).backbone
    torch.save(backbone.state_dict(), tmp_path / 'backbone.pth')
    model = pose_model()

    load_checkpoint(model, str(tmp_path / 'backbone.pth'))

    assert torch.equal(model.backbone.pos_embed, backbone.pos_embed)
    assert torch.equal(model.backbone.last_norm.weight,
                       backbone.last_norm.weight)


def test_incomplete_file_is_refused_with_the_missing_name(tmp_path,
                                                          official_weights,
                                                          pose_model):
    import vitpose_mm.checkpoints.layouts.hf as hf
    weights = hf.from_ours({
        key.replace('keypoint_head', 'head'): tensor
        for key, tensor in official_weights(num_slots=192).items()})
    del weights['backbone.encoder.layer.1.attention.attention.value.weight']
    torch.save(weights, tmp_path / 'hf.pth')

    with pytest.raises(ValueError, match='is incomplete.*value.weight'):
        load_checkpoint(pose_model(), str(tmp_path / 'hf.pth'))


def test_what_was_loaded_can_be_saved_and_loaded_again(tmp_path,
                                                       official_weights,
                                                       pose_model):
    path = str(tmp_path / 'file.pth')
    torch.save(official_weights(), path)

    loaded = CheckpointLoader.load_checkpoint(path)
    torch.save(loaded, path)
    load_checkpoint(pose_model(), path, strict=True)


def test_fault_of_a_joint_file_is_refused_with_its_widths(tmp_path,
                                                          official_weights,
                                                          pose_model):
    weights = official_weights(384, 1, part_features=96)
    for key in weights:
        if '.experts.' in key:
            weights[key] = torch.cat([weights[key], weights[key]])
    torch.save(weights, tmp_path / 'file.pth')

    with pytest.raises(ValueError, match='mlp.fc2 of 288 channels and experts '
                       'of 192, which do not make its 384'):
        load_checkpoint(pose_model(384, 1), str(tmp_path / 'file.pth'))
