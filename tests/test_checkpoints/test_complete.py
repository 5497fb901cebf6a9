# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Files that lack something: no part of a model stays random unsaid."""
import json

import pytest
import torch
from mmengine.runner import load_checkpoint
from safetensors.torch import save_file

from vitpose_mm.checkpoints import CheckpointError, read_checkpoint
from vitpose_mm.checkpoints.layouts import hf
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint


@pytest.fixture
def hf_weights(official_weights):
    return hf.from_ours({
        key.replace('keypoint_head', 'head'): tensor
        for key, tensor in official_weights(48, 3, num_slots=192).items()})


def split(folder, weights, safe=True):
    """Write weights as transformers does with a small max_shard_size."""
    names, kind = sorted(weights), 'safetensors' if safe else 'bin'
    stem = 'model' if safe else 'pytorch_model'
    half, index = len(names) // 2, {}
    for i, part in enumerate((names[:half], names[half:])):
        name = f'{stem}-{i + 1:05}-of-00002.{kind}'
        tensors = {key: weights[key].contiguous() for key in part}
        if safe:
            save_file(tensors, folder / name)
        else:
            torch.save(tensors, folder / name)
        index.update(dict.fromkeys(part, name))
    (folder / f'{stem}.{kind}.index.json').write_text(
        json.dumps(dict(metadata=dict(total_size=1), weight_map=index)))


@pytest.mark.parametrize('kind', ['safetensors', 'bin', 'one-bin'])
def test_folders_of_transformers_load_whole(tmp_path, hf_weights, pose_model,
                                            kind):
    if kind == 'one-bin':
        torch.save(hf_weights, tmp_path / 'pytorch_model.bin')
    else:
        split(tmp_path, hf_weights, kind == 'safetensors')

    load_checkpoint(pose_model(48, 3), str(tmp_path), strict=True)

    read = read_checkpoint(tmp_path)
    tensors = read.get('state_dict', read)
    assert tensors.keys() == hf_weights.keys()
    assert all(torch.equal(tensors[key], hf_weights[key]) for key in tensors)


def test_a_part_alone_is_refused_and_told_to_be_one(tmp_path, hf_weights,
                                                    pose_model):
    split(tmp_path, hf_weights)
    for i in (1, 2):
        part = tmp_path / f'model-0000{i}-of-00002.safetensors'
        with pytest.raises(CheckpointError, match=part.name):
            load_checkpoint(pose_model(48, 3), str(part))
        with pytest.raises(CheckpointError, match=part.name):
            convert(part, tmp_path / 'out.pth', 'vitpose_mm')
    facts = inspect_checkpoint(tmp_path / 'model-00001-of-00002.safetensors')
    assert any('missing: ' in line and 'part 1 of 2: name its folder' in line
               for line in facts['unusual'])


def test_a_missing_part_is_named(tmp_path, hf_weights):
    split(tmp_path, hf_weights)
    (tmp_path / 'model-00002-of-00002.safetensors').unlink()

    with pytest.raises(CheckpointError, match='00002-of-00002.*no such file'):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize('index', [
    '[]', '{"weight_map": {"a": "../../secret.pth"}}', '{"weight_map": {}}',
    '{', '{"weight_map": {"a": 3}}'])
def test_an_index_names_files_beside_it_only(tmp_path, index):
    (tmp_path / 'model.safetensors.index.json').write_text(index)

    with pytest.raises(CheckpointError, match='does not list the parts'):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize('lost,named', [
    ('backbone.blocks.1.', r'blocks\.1\.norm1\.weight and 11 more'),
    ('backbone.blocks.2.', 'depth 2'),
    ('backbone.blocks.1.norm2.bias', r'blocks\.1\.norm2\.bias'),
    ('backbone.blocks.0.norm1', r'blocks\.0\.norm1'),
    ('backbone.pos_embed', 'pos_embed'),
    ('backbone.patch_embed.proj.bias', r'patch_embed\.proj\.bias'),
    ('backbone.last_norm', r'last_norm'),
    ('head.deconv_layers.1.running', r'deconv_layers\.1\.running_mean'),
    ('head.deconv_layers.4', r'deconv_layers\.4\.weight'),
    ('head.final_layer', r'head\.final_layer\.weight'),
])
@pytest.mark.parametrize('layout', ['official', 'vitpose_mm'])
def test_what_would_stay_random_is_refused(tmp_path, official_weights,
                                           pose_model, lost, named, layout):
    head = 'keypoint_head' if layout == 'official' else 'head'
    weights = {
        key.replace('keypoint_head', head): tensor
        for key, tensor in official_weights(
            48, 3, 193 if layout == 'official' else 192).items()
        if not key.replace('keypoint_head', 'head').startswith(lost)}
    torch.save(dict(state_dict=weights), tmp_path / 'file.pth')

    with pytest.raises(CheckpointError, match=f'file.pth.*{named}'):
        load_checkpoint(pose_model(48, 3), str(tmp_path / 'file.pth'))


def test_the_head_of_a_file_does_not_matter_to_a_backbone(
        tmp_path, official_weights, pose_model):
    weights = official_weights(48, 1)
    del weights['keypoint_head.deconv_layers.1.running_mean']
    torch.save(weights, tmp_path / 'file.pth')

    pose_model(48, 1, init_cfg=dict(
        type='Pretrained',
        checkpoint=str(tmp_path / 'file.pth'))).backbone.init_weights()


def test_a_few_tensors_of_a_script_are_for_pytorch_to_judge(pose_model):
    vit = pose_model(48, 1).backbone

    vit.load_state_dict(dict(pos_embed=torch.ones(1, 192, 48)), strict=False)

    assert bool((vit.pos_embed == 1).all())
