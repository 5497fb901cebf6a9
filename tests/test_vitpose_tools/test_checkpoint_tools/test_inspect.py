# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest
import torch
from safetensors.torch import save_file

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.checkpoints.layouts import hf
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint

COCO = 'configs/body_2d_keypoint/topdown_heatmap/coco/'


@pytest.mark.parametrize('dim,depth,arch', [
    (384, 12, 'small'), (768, 12, 'base'), (1024, 24, 'large'),
    (1280, 32, 'huge')])
@pytest.mark.parametrize('decoder', ['classic', 'simple'])
def test_published_files_get_their_config(tmp_path, official_weights, repo,
                                          dim, depth, arch, decoder):
    # One block tells the rest: the last one's number is the depth.
    weights = official_weights(dim, 1, decoder=decoder)
    weights[f'backbone.blocks.{depth - 1}.norm1.bias'] = torch.zeros(dim)
    torch.save(weights, tmp_path / 'file.pth')

    facts = inspect_checkpoint(tmp_path / 'file.pth')

    simple = '-simple' if decoder == 'simple' else ''
    assert facts['layout'] == 'official' and facts['arch'] == arch
    assert facts['heads'] == {'': dict(decoder=decoder, keypoints=17)}
    assert tuple(facts['img_size']) == (256, 192)
    assert facts['config'] == (
        f'{COCO}td-hm_ViTPose-{arch}{simple}_8xb64-210e_coco-256x192.py')
    assert (repo / facts['config']).is_file()


def test_joint_file_lists_datasets_and_heads(tmp_path, official_weights):
    torch.save(official_weights(384, 1, part_features=192),
               tmp_path / 'joint.pth')

    facts = inspect_checkpoint(tmp_path / 'joint.pth')

    assert facts['datasets'] == ['coco', 'aic', 'mpii', 'ap10k', 'apt36k',
                                 'coco_wholebody']
    assert facts['heads']['coco_wholebody']['keypoints'] == 133
    assert facts['part_features'] == 192
    assert any('192 channels' in line and '96' in line
               for line in facts['unusual'])
    assert facts['advice'].endswith('--to vitpose_mm --dataset coco')


def test_unusual_things_are_said(tmp_path, official_weights):
    weights = official_weights(num_slots=13, num_keypoints=5)
    del weights['backbone.blocks.0.attn.proj.bias']
    torch.save(dict(state_dict=weights, optimizer={}), tmp_path / 'file.pth')

    facts = inspect_checkpoint(tmp_path / 'file.pth')

    text = ' '.join(facts['unusual'])
    assert 'none of small, base, large, huge, giant' in text
    assert 'missing: backbone.blocks.0.attn.proj.bias' in text
    assert 'optimizer' in text
    assert tuple(facts['img_size']) == (64, 48)
    assert facts['config'] is None
    json.dumps(facts)


@pytest.mark.parametrize('config,unusual', [
    (dict(layer_norm_eps=1e-6), False), (dict(), True),
    (dict(layer_norm_eps=1e-5), True)])
def test_epsilon_of_transformers_is_said(tmp_path, official_weights, config,
                                         unusual):
    weights = {key.replace('keypoint_head', 'head'): tensor
               for key, tensor in official_weights(384, num_slots=192).items()}
    save_file(hf.from_ours(weights), tmp_path / 'model.safetensors')
    (tmp_path / 'config.json').write_text(
        json.dumps(dict(backbone_config=config)))

    facts = inspect_checkpoint(tmp_path)

    assert facts['layout'] == 'hf'
    assert any('layer_norm_eps' in line
               for line in facts['unusual']) == unusual


def test_backbone_alone_is_told_how_to_start_from_it(tmp_path,
                                                     official_weights):
    weights = {key[len('backbone.'):]: tensor
               for key, tensor in official_weights(768, 1, 197).items()
               if key.startswith('backbone.') and 'last_norm' not in key}
    weights['blocks.11.norm1.bias'] = torch.zeros(768)
    torch.save(dict(model=weights), tmp_path / 'mae.pth')

    facts = inspect_checkpoint(tmp_path / 'mae.pth')

    assert facts['layout'] == 'imagenet' and facts['heads'] == {}
    assert tuple(facts['grid']) == (14, 14)
    assert 'init_cfg.type=Pretrained' in facts['advice']
    assert facts['config'] == (
        f'{COCO}td-hm_ViTPose-base_8xb64-210e_coco-256x192.py')


def test_small_backbone_of_others_may_have_other_heads(tmp_path,
                                                       official_weights):
    weights = {key[len('backbone.'):]: tensor
               for key, tensor in official_weights(384, 1, 197).items()
               if key.startswith('backbone.') and 'last_norm' not in key}
    weights['blocks.11.norm1.bias'] = torch.zeros(384)
    torch.save(weights, tmp_path / 'deit-s.pth')

    facts = inspect_checkpoint(tmp_path / 'deit-s.pth')

    assert any('num_heads=6' in line for line in facts['unusual'])


def test_other_models_are_named(tmp_path):
    torch.save({'layer1.0.conv1.weight': torch.ones(1)}, tmp_path / 'r.pth')
    torch.save({'trunk.a': torch.ones(1)}, tmp_path / 't.pth')

    with pytest.raises(CheckpointError, match='looks like a ResNet'):
        inspect_checkpoint(tmp_path / 'r.pth')
    with pytest.raises(CheckpointError, match='model with the parts trunk'):
        inspect_checkpoint(tmp_path / 't.pth')


def test_own_file_without_a_feed_forward_network_is_an_error(
        tmp_path, official_weights):
    weights = {key: tensor for key, tensor in official_weights(
        num_slots=192).items() if '.mlp.' not in key and 'key' not in key}
    torch.save(weights, tmp_path / 'file.pth')

    with pytest.raises(CheckpointError, match='no feed-forward network'):
        inspect_checkpoint(tmp_path / 'file.pth')


def trained(tmp_path, pose_model, name='own.pth', **backbone):
    """A file of an own training with these options of the backbone."""
    model = pose_model(384, 1, decoder='simple', **backbone)
    options = ', '.join(f'{key}={value!r}' for key, value in backbone.items())
    path = tmp_path / name
    torch.save(dict(state_dict=model.state_dict(), meta=dict(
        cfg="model = dict(backbone=dict(type='ViT', arch=dict(embed_dim=384, "
        f'depth=1, num_heads=12), {options}))')), path)
    return path


def test_stride_and_windows_are_read_from_the_config(tmp_path, pose_model):
    path = trained(tmp_path, pose_model, patch_stride=8)

    facts = inspect_checkpoint(path)

    assert tuple(facts['img_size']) == (256, 192)
    assert tuple(facts['grid']) == (32, 24) and facts['patch_stride'] == 8
    assert any('patch_stride=8' in line for line in facts['unusual'])


def test_without_config_both_resolutions_are_said(tmp_path, official_weights):
    torch.save(official_weights(num_slots=769), tmp_path / 'file.pth')

    facts = inspect_checkpoint(tmp_path / 'file.pth')

    assert tuple(facts['img_size']) == (512, 384)
    assert any('crops of 256x192 pixels at a feature stride of 8' in line
               for line in facts['unusual'])


@pytest.mark.parametrize('dataset,index,keypoints', [
    ('aic', 1, 14), ('mpii', 2, 16), ('ap10k', 3, 17), ('apt36k', 4, 17),
    ('wholebody', 5, 133)])
@pytest.mark.parametrize('how', ['official tool', 'convert'])
def test_part_of_a_published_plus_file_gets_its_own_config(
        tmp_path, official_weights, repo, dataset, index, keypoints, how):
    joint = official_weights(384, 12, part_features=96)
    path = tmp_path / f'{dataset}.pth'
    if how == 'convert':
        torch.save(joint, tmp_path / 'plus.pth')
        path = tmp_path / 'out.pth'
        convert(tmp_path / 'plus.pth', path, 'vitpose_mm', dataset)
    else:
        # The official tool leaves the experts in.
        weights = {}
        for key, tensor in joint.items():
            if '.fc2.' in key:
                expert = key.replace('fc2', f'experts.{index}')
                tensor = torch.cat([tensor, joint[expert]])
            if not key.startswith(('keypoint_head', 'associate')):
                weights[key] = tensor
            head = f'associate_keypoint_heads.{index - 1}.'
            if key.startswith(head):
                weights[key.replace(head, 'keypoint_head.')] = tensor
        torch.save(weights, path)

    config = inspect_checkpoint(path)['config']

    encoding = '' if dataset == 'mpii' else '-published'
    assert f'ViTPose-small_8xb64-210e_{"coco-" * (index == 5)}' \
        f'{dataset}{encoding}-256x192.py' in config
    assert (repo / config).is_file()
