# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import datetime
import hashlib

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from vitpose_mm.checkpoints import CheckpointError, write
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint


@pytest.fixture
def official_file(tmp_path, official_weights):
    path = tmp_path / 'official.pth'
    torch.save(dict(state_dict=official_weights(num_slots=13)), path)
    return path


def read(path):
    if path.suffix == '.safetensors':
        return load_file(path)
    return torch.load(path, weights_only=True)['state_dict']


@pytest.mark.parametrize('layout', ['vitpose_mm', 'mmpose', 'official'])
@pytest.mark.parametrize('first', ['.pth', '.safetensors'])
@pytest.mark.parametrize('second', ['.pth', '.safetensors'])
def test_round_trip_through_any_layout_is_exact(tmp_path, official_file,
                                                layout, first, second):
    # Folding the slot once leaves one of zeros, which folds exactly.
    start, there, back = (tmp_path / name for name in (
        'start.pth', f'there{first}', f'back{second}'))
    convert(official_file, start, 'vitpose_mm')

    convert(start, there, layout)
    convert(there, back, 'vitpose_mm')

    expected, found = read(start), read(back)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_metadata_says_where_the_weights_come_from(tmp_path, official_file):
    convert(official_file, tmp_path / 'a.pth', 'vitpose_mm')
    convert(official_file, tmp_path / 'a.safetensors', 'vitpose_mm')

    told = torch.load(tmp_path / 'a.pth', weights_only=True)['meta'][
        'vitpose_mm']
    with safe_open(tmp_path / 'a.safetensors', 'pt') as file:
        assert file.metadata() == {**told, 'format': 'pt'}
    digest = hashlib.sha256(official_file.read_bytes()).hexdigest()
    assert told['source'] == 'official.pth'
    assert told['source_sha256'] == digest[:16]
    assert told['source_layout'] == 'official'
    datetime.date.fromisoformat(told['converted_on'])


def test_own_dataset_meta_is_kept_unless_another_dataset_is_taken(
        tmp_path, official_weights):
    meta = dict(dataset_meta=dict(dataset_name='coco'))
    for name, weights in (('dense', official_weights()),
                          ('joint', official_weights(part_features=24))):
        torch.save(dict(state_dict=weights, meta=meta),
                   tmp_path / f'{name}.pth')

    convert(tmp_path / 'dense.pth', tmp_path / 'a.pth', 'vitpose_mm')
    convert(tmp_path / 'joint.pth', tmp_path / 'b.pth', 'vitpose_mm', 'mpii')

    kept = torch.load(tmp_path / 'a.pth', weights_only=True)['meta']
    taken = torch.load(tmp_path / 'b.pth', weights_only=True)['meta']
    assert kept['dataset_meta'] == meta['dataset_meta']
    assert 'dataset_meta' not in taken
    assert taken['vitpose_mm']['dataset'] == 'mpii'


def test_slice_does_not_drag_its_whole_along(tmp_path):
    path = tmp_path / 'file.pth'

    write.write_weights(path, {'a': torch.ones(100, 1000)[:2]}, {}, {})

    assert torch.equal(read(path)['a'], torch.ones(2, 1000))
    assert path.stat().st_size < 4 * 1000 * 10


def test_names_of_data_parallel_training_are_stripped(tmp_path,
                                                      official_weights):
    torch.save({f'module.{key}': tensor
                for key, tensor in official_weights().items()},
               tmp_path / 'file.pth')

    convert(tmp_path / 'file.pth', tmp_path / 'out.pth', 'vitpose_mm')

    assert 'backbone.pos_embed' in read(tmp_path / 'out.pth')


@pytest.mark.parametrize('target,layout,message', [
    ('out.bin', 'vitpose_mm', 'must end in .pth or .safetensors'),
    ('out.pth', 'hf', 'must be a folder'),
    ('.', 'hf', 'is not empty'),
])
def test_wrong_target_is_refused_before_reading(tmp_path, target, layout,
                                                message):
    (tmp_path / 'something').write_text('')

    with pytest.raises(CheckpointError, match=message):
        convert(tmp_path / 'absent.pth', tmp_path / target, layout)


def test_joint_file_has_no_place_in_mmpose(tmp_path, official_weights):
    torch.save(official_weights(part_features=24), tmp_path / 'joint.pth')

    with pytest.raises(CheckpointError, match='--dataset: coco, aic'):
        convert(tmp_path / 'joint.pth', tmp_path / 'out.pth', 'mmpose')


def test_backbone_alone_has_no_place_in_transformers(tmp_path,
                                                     official_weights):
    weights = {key: tensor for key, tensor in official_weights().items()
               if key.startswith('backbone.')}
    torch.save(weights, tmp_path / 'backbone.pth')

    with pytest.raises(CheckpointError, match='without pose head'):
        convert(tmp_path / 'backbone.pth', tmp_path / 'out', 'hf')
    assert not (tmp_path / 'out').exists()


class Malicious:
    """Runs a program when it is unpickled without care."""

    def __reduce__(self):
        import os
        return os.system, ('touch attacked', )


@pytest.mark.parametrize('content,message', [
    (b'', 'it is empty'),
    (b'<!DOCTYPE html><title>Log in</title>', 'it is a web page'),
    (None, 'damaged or incomplete'),
    (dict(state_dict=Malicious()), 'system'),
    (dict(state_dict={'layer1.0.conv1.weight': torch.ones(1)}),
     'it looks like a ResNet'),
    (dict(epoch=1), 'a file without tensors'),
], ids=['empty', 'html', 'truncated', 'code', 'resnet', 'no-weights'])
def test_bad_source_ends_in_one_message_and_no_file(
        tmp_path, monkeypatch, official_file, content, message):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / 'bad.pth'
    if content is None:
        source.write_bytes(official_file.read_bytes()[:-3000])
    elif isinstance(content, bytes):
        source.write_bytes(content)
    else:
        torch.save(content, source)
    before = sorted(tmp_path.iterdir())

    with pytest.raises(CheckpointError, match=message):
        convert(source, tmp_path / 'out.pth', 'vitpose_mm')

    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize('layout,target', [
    ('vitpose_mm', 'out.pth'), ('vitpose_mm', 'out.safetensors'),
    ('hf', 'out')])
def test_failure_while_writing_leaves_the_old_file(tmp_path, official_weights,
                                                   monkeypatch, layout,
                                                   target):
    source = tmp_path / 'official.pth'
    torch.save(official_weights(384), source)
    if layout != 'hf':
        (tmp_path / target).write_text('old')

    def full_disk(tensors, path, **_):
        path.write_bytes(b'half')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(write, 'save_file', full_disk)
    monkeypatch.setattr(write.torch, 'save', full_disk)

    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match='No space left'):
        convert(source, tmp_path / target, layout)

    assert sorted(tmp_path.iterdir()) == before
    assert layout == 'hf' or (tmp_path / target).read_text() == 'old'


@pytest.mark.parametrize('layout', ['official', 'mmpose', 'hf'])
@pytest.mark.parametrize('options', [
    dict(attention='window', window_size=(8, 6)),
    dict(attention='window', window_size=(8, 6), shift=True, pooling=True),
    dict(attention=dict(window_size=(8, 6), shift=True))])
def test_windows_are_not_lost_in_layouts_without(tmp_path, official_weights,
                                                 layout, options):
    weights = {key.replace('keypoint_head', 'head'): tensor for key, tensor in
               official_weights(384, 1, num_slots=192).items()}
    cfg = f"model = dict(backbone=dict(type='ViT', **{options!r}))".replace(
        f'**{options!r}', ', '.join(f'{k}={v!r}' for k, v in options.items()))
    torch.save(dict(state_dict=weights, meta=dict(cfg=cfg)),
               tmp_path / 'own.pth')
    target = tmp_path / ('out' if layout == 'hf' else 'out.pth')

    with pytest.raises(CheckpointError, match='was trained with attention=.*'
                       f"window_size.*'{layout}' does not have"):
        convert(tmp_path / 'own.pth', target, layout)

    assert not target.exists()
    for name in ('ours.pth', 'ours.safetensors'):
        convert(tmp_path / 'own.pth', tmp_path / name, 'vitpose_mm')
        with pytest.raises(CheckpointError, match='was trained with'):
            convert(tmp_path / name, target, layout)


def test_grid_survives_in_either_kind_of_file(tmp_path, official_weights):
    weights = {key.replace('keypoint_head', 'head'): tensor for key, tensor in
               official_weights(384, 1, num_slots=192).items()}
    torch.save(dict(state_dict=weights, meta=dict(
        cfg='model = dict(backbone=dict(img_size=(384, 128)))')),
        tmp_path / 'own.pth')

    for name in ('a.pth', 'b.safetensors'):
        convert(tmp_path / 'own.pth', tmp_path / name, 'vitpose_mm')
        facts = inspect_checkpoint(tmp_path / name)
        assert tuple(facts['grid']) == (24, 8)
        assert tuple(facts['img_size']) == (384, 128)
