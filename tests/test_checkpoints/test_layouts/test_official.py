# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.runner import load_checkpoint

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.checkpoint_tools.convert import convert

DATASETS = ['coco', 'aic', 'mpii', 'ap10k', 'apt36k', 'coco_wholebody']
HEADS = ['keypoint_head.'] + [f'associate_keypoint_heads.{j}.'
                              for j in range(5)]


def save(path, weights, **others):
    torch.save(dict(state_dict=weights, **others), path)
    return str(path)


@pytest.mark.parametrize('dim,depth,num_heads,grid,decoder', [
    (384, 2, 12, (16, 12), 'classic'),
    (768, 1, 12, (16, 12), 'simple'),
    (48, 3, 6, (8, 6), 'simple'),
    (32, 1, 2, (5, 3), 'classic'),
    (64, 2, 4, (12, 9), 'simple'),
    (24, 2, 3, (7, 7), 'classic'),
])
def test_file_gives_the_official_heatmaps(tmp_path, official_weights,
                                          official_heatmaps, pose_model,
                                          heatmaps, dim, depth, num_heads,
                                          grid, decoder):
    weights = official_weights(dim, depth, 1 + grid[0] * grid[1],
                               decoder=decoder)
    img_size = (16 * grid[0], 16 * grid[1])
    model = pose_model(dim, depth, num_heads, decoder, img_size=img_size)
    x = torch.randn(2, 3, *img_size)

    load_checkpoint(model, save(tmp_path / 'official.pth', weights))

    expected = official_heatmaps(weights, x, num_heads)
    torch.testing.assert_close(heatmaps(model, x), expected, atol=1e-4,
                               rtol=0)


@pytest.mark.parametrize('wrap', [
    lambda weights: weights,
    lambda weights: dict(state_dict={f'module.{key}': value
                                     for key, value in weights.items()}),
    lambda weights: dict(model=weights, optimizer={}, epoch=3),
    lambda weights: dict(state_dict=dict(
        weights, **{'backbone.cls_token': torch.ones(1, 1, 96)})),
], ids=['bare', 'data-parallel', 'under-model', 'with-class-token'])
def test_containers_of_the_wild(tmp_path, official_weights,
                                official_heatmaps, pose_model, heatmaps,
                                wrap):
    weights, model = official_weights(), pose_model()
    torch.save(wrap(weights), tmp_path / 'official.pth')
    x = torch.randn(1, 3, 256, 192)

    load_checkpoint(model, str(tmp_path / 'official.pth'))

    torch.testing.assert_close(heatmaps(model, x),
                               official_heatmaps(weights, x), atol=1e-4,
                               rtol=0)


def test_backbone_alone_takes_its_part(tmp_path, official_weights,
                                       pose_model):
    weights = official_weights()
    path = save(tmp_path / 'official.pth', weights)

    model = pose_model(init_cfg=dict(type='Pretrained', checkpoint=path))
    model.backbone.init_weights()

    slots = weights['backbone.pos_embed']
    assert torch.equal(model.backbone.pos_embed, slots[:, 1:] + slots[:, :1])
    assert torch.equal(model.backbone.last_norm.bias,
                       weights['backbone.last_norm.bias'])


def test_backbone_without_prefix_folds_the_slot_too(tmp_path,
                                                    official_weights,
                                                    pose_model):
    weights = {key[len('backbone.'):]: tensor
               for key, tensor in official_weights().items()
               if key.startswith('backbone.')}
    path = save(tmp_path / 'backbone.pth', weights)
    model = pose_model()

    load_checkpoint(model, path)

    slots = weights['pos_embed']
    assert torch.equal(model.backbone.pos_embed, slots[:, 1:] + slots[:, :1])


def test_state_dict_that_no_loader_saw_is_folded(official_weights,
                                                 official_heatmaps,
                                                 pose_model, heatmaps):
    weights, model = official_weights(), pose_model()
    x = torch.randn(1, 3, 256, 192)

    model.load_state_dict(dict(weights))

    torch.testing.assert_close(heatmaps(model, x),
                               official_heatmaps(weights, x), atol=1e-4,
                               rtol=0)


@pytest.mark.parametrize('how', ['load_from', 'init_cfg'])
def test_joint_file_is_refused_with_the_cure(tmp_path, official_weights,
                                             pose_model, how):
    path = save(tmp_path / 'joint.pth', official_weights(part_features=24))

    with pytest.raises(ValueError) as error:
        if how == 'load_from':
            load_checkpoint(pose_model(), path)
        else:
            pose_model(init_cfg=dict(type='Pretrained', checkpoint=path)
                       ).backbone.init_weights()

    assert 'coco, aic, mpii, ap10k, apt36k, coco_wholebody' in str(error.value)
    assert f'vitpose-mm checkpoint convert {path}' in str(error.value)


def test_wholebody_is_short_for_the_name_of_the_dataset(tmp_path,
                                                        official_weights):
    joint = save(tmp_path / 'joint.pth', official_weights(part_features=24))
    heads = []
    for name in ('wholebody', 'coco_wholebody'):
        convert(joint, tmp_path / f'{name}.pth', 'vitpose_mm', name)
        weights = torch.load(tmp_path / f'{name}.pth', weights_only=True)
        heads.append(weights['state_dict']['head.final_layer.weight'])
    assert len(heads[0]) == 133 and torch.equal(*heads)


@pytest.mark.parametrize('index,part_features',
                         [(i, 24) for i in range(6)] + [(1, 48)])
def test_dataset_comes_out_of_a_joint_file(tmp_path, official_weights,
                                           official_heatmaps, pose_model,
                                           heatmaps, index, part_features):
    weights = official_weights(depth=1, part_features=part_features)
    path = save(tmp_path / 'joint.pth', weights)
    num_keypoints = weights[f'{HEADS[index]}final_layer.bias'].shape[0]
    model = pose_model(depth=1, num_keypoints=num_keypoints)
    x = torch.randn(1, 3, 256, 192)

    convert(path, tmp_path / 'dense.pth', 'vitpose_mm', DATASETS[index])
    load_checkpoint(model, str(tmp_path / 'dense.pth'), strict=True)

    expected = official_heatmaps(weights, x, expert=index, head=HEADS[index])
    torch.testing.assert_close(heatmaps(model, x), expected, atol=1e-4,
                               rtol=0)


def split(weights, index, keep_heads):
    """Split a joint file as the official tool does: its experts stay in."""
    out = {key: tensor for key, tensor in weights.items()
           if keep_heads or not key.startswith('associate')}
    for key, tensor in weights.items():
        if '.fc2.' in key:
            expert = weights[key.replace('fc2', f'experts.{index}')]
            out[key] = torch.cat([tensor, expert])
        if key.startswith(HEADS[index]):
            out['keypoint_head.' + key[len(HEADS[index]):]] = tensor
    return out


@pytest.mark.parametrize('index,keep_heads', [(0, True), (2, False)])
def test_leftovers_of_a_split_file_are_dropped(tmp_path, official_weights,
                                               official_heatmaps, pose_model,
                                               heatmaps, index, keep_heads):
    weights = official_weights(depth=1, part_features=24)
    path = save(tmp_path / 'split.pth', split(weights, index, keep_heads))
    model = pose_model(depth=1, num_keypoints=(17, 14, 16)[index])
    x = torch.randn(1, 3, 256, 192)

    load_checkpoint(model, path, strict=True)

    expected = official_heatmaps(weights, x, expert=index, head=HEADS[index])
    torch.testing.assert_close(heatmaps(model, x), expected, atol=1e-4,
                               rtol=0)
    report = convert(path, tmp_path / 'dense.pth', 'vitpose_mm')
    assert '12 leftover expert tensors' in report.table()
    assert ("70 tensors of other datasets' heads"
            in report.table()) == keep_heads


def test_leftovers_are_dropped_where_no_loader_saw_them(official_weights,
                                                        pose_model):
    weights = split(official_weights(depth=1, part_features=24), 2, False)

    pose_model(depth=1, num_keypoints=16).load_state_dict(weights)


def test_padded_heads_are_cut_to_their_keypoints(tmp_path, official_weights):
    weights = official_weights(depth=1, part_features=24)
    head = 'associate_keypoint_heads.1.final_layer.'  # MPII: 16 keypoints
    weights[f'{head}weight'] = torch.randn(17, 256, 1, 1)
    weights[f'{head}bias'] = torch.randn(17)
    path = save(tmp_path / 'joint.pth', weights)

    report = convert(path, tmp_path / 'mpii.pth', 'vitpose_mm', 'mpii')

    dense = torch.load(tmp_path / 'mpii.pth', weights_only=True)['state_dict']
    assert torch.equal(dense['head.final_layer.bias'],
                       weights[f'{head}bias'][:16])
    assert 'head of mpii: 17 channels cut' in report.table()


def test_missing_expert_is_named_and_nothing_written(tmp_path,
                                                     official_weights):
    weights = official_weights(depth=1, part_features=24)
    del weights['backbone.blocks.0.mlp.experts.4.bias']
    path = save(tmp_path / 'joint.pth', weights)

    with pytest.raises(CheckpointError, match=r'no backbone\.blocks\.0\.mlp'
                       r'\.experts\.4\.bias'):
        convert(path, tmp_path / 'dense.pth', 'vitpose_mm', 'apt36k')

    assert [file.name for file in tmp_path.iterdir()] == ['joint.pth']


def test_dataset_of_a_dense_or_unknown_one_is_refused(tmp_path,
                                                      official_weights):
    dense = save(tmp_path / 'dense.pth', official_weights())
    joint = save(tmp_path / 'joint.pth', official_weights(part_features=24))

    with pytest.raises(CheckpointError, match='for one dataset already'):
        convert(dense, tmp_path / 'out.pth', 'vitpose_mm', 'coco')
    with pytest.raises(CheckpointError, match="no expert for 'crowdpose'"):
        convert(joint, tmp_path / 'out.pth', 'vitpose_mm', 'crowdpose')


def test_joint_file_round_trips(tmp_path, official_weights):
    weights = official_weights(depth=1, part_features=24)
    weights['backbone.pos_embed'][:, 0] = 0
    path = save(tmp_path / 'joint.pth', weights)

    convert(path, tmp_path / 'ours.safetensors', 'vitpose_mm')
    convert(tmp_path / 'ours.safetensors', tmp_path / 'back.pth', 'official')

    back = torch.load(tmp_path / 'back.pth', weights_only=True)['state_dict']
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)
