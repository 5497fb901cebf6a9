# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.runner import CheckpointLoader, load_checkpoint
from mmpose.registry import MODELS
from timm.models.vision_transformer import VisionTransformer


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


class TimmBackbone(torch.nn.Module):
    """A ViT of somebody else in the same process, under our ViT's name."""

    def __init__(self, **options):
        super().__init__()
        self.backbone = VisionTransformer(
            img_size=64, embed_dim=48, depth=2, num_heads=12, num_classes=0,
            **options)


@pytest.mark.parametrize('prefix', ['', 'backbone.'])
@pytest.mark.parametrize('container', [None, 'state_dict'])
def test_foreign_vit_beside_ours_gets_all_of_its_file(tmp_path, fill, prefix,
                                                      container):
    source, target = fill(TimmBackbone()), TimmBackbone()
    weights = {prefix + key: tensor for key, tensor in
               source.backbone.state_dict().items()}
    path = str(tmp_path / 'vit.pth')
    torch.save({container: weights} if container else weights, path)

    load_checkpoint(target if prefix else target.backbone, path, strict=True)

    assert all(map(torch.equal, target.state_dict().values(),
                   source.state_dict().values()))


def test_foreign_port_of_vitpose_gets_its_position_slot(tmp_path,
                                                        official_weights):
    weights = official_weights()
    torch.save(weights, tmp_path / 'official.pth')

    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'official.pth'))

    for key in weights:
        if key.startswith('backbone.'):
            assert torch.equal(loaded['state_dict'][key], weights[key]), key


@pytest.mark.parametrize('name', ['encoder', 'student.backbone'])
def test_vit_of_another_name_refuses_what_leaves_it_random(
        tmp_path, official_weights, resnet_file, pose_model, name):
    torch.save(official_weights(), tmp_path / 'official.pth')
    model = torch.nn.Module()
    for part in name.split('.')[:-1]:
        model.add_module(part, torch.nn.Module())
    model.get_submodule(name.rpartition('.')[0]).add_module(
        name.rpartition('.')[2], pose_model().backbone)

    with pytest.raises(ValueError, match=f"holds its ViT as 'backbone.', but "
                       f"the model's is '{name}.'.*init_cfg"):
        load_checkpoint(model, str(tmp_path / 'official.pth'))
    with pytest.raises(ValueError, match='it looks like a ResNet'):
        load_checkpoint(model, resnet_file)


def test_vit_of_another_name_brings_its_tensors_to_ours(tmp_path,
                                                        official_weights,
                                                        pose_model):
    weights = official_weights()
    torch.save({key.replace('backbone.', 'encoder.'): tensor
                for key, tensor in weights.items()
                if key.startswith('backbone.')}, tmp_path / 'encoder.pth')
    model = torch.nn.ModuleDict(dict(encoder=pose_model().backbone))

    load_checkpoint(model, str(tmp_path / 'encoder.pth'), strict=True)

    slots = weights['backbone.pos_embed']
    assert torch.equal(model.encoder.pos_embed, slots[:, 1:] + slots[:, :1])


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
    torch.save(weights, tmp_path / 'file.pth')
    model = pose_model(num_knowledge_tokens=1)

    load_checkpoint(model, str(tmp_path / 'file.pth'))

    table = next(record.getMessage() for record in log.records
                 if 'layout: official' in record.getMessage())
    rows = [line.split(maxsplit=1) for line in table.splitlines()[1:]]
    assert rows == [
        ['loaded', '29 of 30 tensors of the backbone'],
        ['folded', 'position slot 0 added to the 432 patch slots'],
        ['resized', 'pos_embed 24x18 to 16x12 (rows x cols)'],
        ['ignored', 'cls_token'],
        ['missing', 'knowledge_token: stays as initialised'],
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


def saved_as(path, model, how, img_size):
    """Save a model in one of the ways that state or hide its grid."""
    state_dict, meta = model.state_dict(), {}
    if how in ('config', 'nothing'):
        state_dict = dict(state_dict)  # without PyTorch's metadata
    if how == 'config':
        meta = dict(cfg='codec = make()\nmodel = dict(\n    backbone=dict('
                    f"type='ViT', img_size={img_size}))\n")
    torch.save(dict(state_dict=state_dict, meta=meta), path)
    return str(path)


# (h, w) in pixels: landscape, 16:9, 3:1, landscape.
RESOLUTIONS = [((192, 256), (384, 512)), ((256, 144), (512, 288)),
               ((384, 128), (256, 128)), ((512, 768), (640, 960))]


@pytest.mark.parametrize('old,new', RESOLUTIONS)
@pytest.mark.parametrize('how', ['stored', 'config', 'nothing'])
def test_positions_go_from_grid_to_grid_whatever_the_shape(
        tmp_path, pose_model, fill, log, old, new, how):
    source = fill(pose_model(24, 1, 2, 'simple', img_size=old)).backbone
    path = saved_as(tmp_path / 'own.pth', torch.nn.ModuleDict(
        dict(backbone=source)), how, old)
    model = pose_model(24, 1, 2, 'simple', img_size=new)

    load_checkpoint(model, path)

    grid = source.pos_embed.detach().unflatten(1, (old[0] // 16, old[1] // 16))
    expected = torch.nn.functional.interpolate(
        grid.permute(0, 3, 1, 2), (new[0] // 16, new[1] // 16),
        mode='bicubic').flatten(2).transpose(1, 2)
    is_right = torch.allclose(model.backbone.pos_embed, expected, atol=1e-6)
    # Of 192 patches without a word, 24x8 cannot be told from 16x12.
    is_unknown = how == 'nothing' and old == (384, 128)
    assert is_right != is_unknown
    assert is_unknown == ('is a guess' in log.text)


def test_as_many_patches_of_another_shape_are_resized(tmp_path, pose_model,
                                                      fill):
    source = fill(pose_model(24, 1, 2, 'simple', img_size=(256, 192)))
    torch.save(source.state_dict(), tmp_path / 'portrait.pth')
    model = pose_model(24, 1, 2, 'simple', img_size=(192, 256))

    load_checkpoint(model, str(tmp_path / 'portrait.pth'))

    grid = source.backbone.pos_embed.detach().unflatten(1, (16, 12))
    expected = torch.nn.functional.interpolate(
        grid.permute(0, 3, 1, 2), (12, 16), mode='bicubic')
    torch.testing.assert_close(model.backbone.pos_embed,
                               expected.flatten(2).transpose(1, 2))


def test_published_file_in_a_landscape_model_is_said_to_be_a_guess(
        tmp_path, official_weights, pose_model, log):
    torch.save(official_weights(), tmp_path / 'official.pth')

    load_checkpoint(pose_model(img_size=(192, 256)),
                    str(tmp_path / 'official.pth'))

    assert 'guessed  pos_embed 12x16' in log.text
