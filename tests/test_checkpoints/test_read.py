# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import argparse
import io
import os
import pathlib
import pickle
import tarfile
import types
import zipfile
from collections import OrderedDict, defaultdict

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import load_checkpoint
from safetensors.torch import save_file

from vitpose_mm.checkpoints import CheckpointError, read_checkpoint
from vitpose_mm.checkpoints.unpickle import unpickle_restricted


class Call:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function, *args) -> None:
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


@pytest.fixture(params=['torch', 'restricted'])
def read(request):
    """Both ways of reading: torch >= 2.6 and older."""
    if request.param == 'torch':
        return read_checkpoint
    return lambda path: unpickle_restricted(path, 'cpu')


def save(content, tmp_path):
    path = tmp_path / 'checkpoint.pth'
    torch.save(content, path)
    return path


def test_what_mmengine_saves_is_read(read, tmp_path):
    hub = MessageHub('test_read')
    for loss in (3., 2., 1.):
        hub.update_scalar('train/loss', loss)
    hub.update_info('best', np.float64(0.5))
    weight = torch.nn.Parameter(torch.randn(2, 2))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    path = save(
        dict(
            meta=dict(
                epoch=1,
                dataset_meta=dict(
                    sigmas=np.arange(3, dtype=np.float32),
                    colors=np.zeros((2, 3), np.uint8),
                    best=np.float64(0.25))),
            state_dict=OrderedDict(weight=weight.detach()),
            optimizer=optimizer.state_dict(),
            message_hub=hub.state_dict()), tmp_path)
    loaded = read(path)
    assert torch.equal(loaded['state_dict']['weight'], weight)
    meta = loaded['meta']['dataset_meta']
    np.testing.assert_array_equal(meta['sigmas'], [0, 1, 2])
    assert meta['colors'].dtype == np.uint8 and meta['best'] == 0.25
    history = loaded['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer)
    assert history.statistics('mean') == 2.


def test_a_file_that_runs_a_program_is_refused(read, tmp_path):
    trace = tmp_path / 'ran'
    path = save(
        dict(state_dict=Call(os.system, f'touch {trace}')), tmp_path)
    with pytest.raises((CheckpointError, pickle.UnpicklingError),
                       match='system'):
        read(path)
    assert not trace.exists()


@pytest.mark.parametrize('chain', [
    (HistoryBuffer, '__init__'),
    (HistoryBuffer, '_set_default_statistics'),
    (HistoryBuffer, '__class__'),
    (OrderedDict, 'update'),
    (np.ndarray, 'tofile'),
])
def test_getattr_answers_for_statistics_methods_only(read, tmp_path, chain):
    path = save(dict(state_dict=Call(getattr, *chain)), tmp_path)
    with pytest.raises((CheckpointError, ValueError), match='getattr'):
        read(path)


def test_bytes_of_a_number_do_not_fill_the_memory(read, tmp_path):
    path = save(dict(state_dict=Call(bytes, 10**15)), tmp_path)
    with pytest.raises((CheckpointError, TypeError), match='bytes'):
        read(path)


def test_getattr_of_an_allowed_method_leads_no_further(read, tmp_path):
    """The way out of HistoryBuffer: mean -> its globals -> builtins."""
    mean = Call(getattr, HistoryBuffer, 'mean')
    path = save(dict(state_dict=Call(getattr, mean, '__globals__')), tmp_path)
    with pytest.raises((CheckpointError, ValueError), match='__globals__'):
        read(path)


def test_a_refusal_names_file_class_and_cure(tmp_path):
    path = save(dict(meta=types.SimpleNamespace(a=1)), tmp_path)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(path)
    for part in (str(path), 'types.SimpleNamespace', 'state dict'):
        assert part in str(error.value)


def archives():
    weights, module = io.BytesIO(), io.BytesIO()
    torch.save(dict(weight=torch.ones(2)), weights)
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), module)
    arrays, packed, tar = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(arrays, weight=np.ones(2))
    with zipfile.ZipFile(packed, 'w') as archive:
        archive.writestr('vit.pth', weights.getvalue())
    with tarfile.open(fileobj=tar, mode='w') as archive:
        info = tarfile.TarInfo('vit.pth')
        info.size = len(weights.getvalue())
        archive.addfile(info, io.BytesIO(weights.getvalue()))
    return [(arrays, 'NumPy arrays .*take the file for PyTorch'),
            (module, 'TorchScript .*save the state dict'),
            (packed, r'an archive of 1 files \(vit.pth\); unpack it'),
            (tar, r'an archive of 1 files \(vit.pth\); unpack it')]


@pytest.mark.parametrize('content, message', archives())
def test_sound_archives_of_others_are_not_called_damaged(tmp_path, content,
                                                         message):
    (tmp_path / 'vit.pth').write_bytes(content.getvalue())
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(tmp_path / 'vit.pth')


@pytest.mark.parametrize('content, message', [
    (b'', 'empty'), (b'<!DOCTYPE html><html>Sign in</html>', 'web page'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\n',
     'git lfs pull'),
    (b'PK\x03\x04 no archive', 'damaged or incomplete'),
    (b'weights', 'not only weights|damaged'),
    (bytes(1 << 12), 'is damaged'),  # what a broken download leaves
    # A legacy .lzma of zeros, which Python takes for a tar; found by fuzzing.
    (b'\1' + bytes(7) + b'\n' + bytes(64), 'is damaged')
])
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_what_is_no_checkpoint_is_named(tmp_path, content, message, suffix):
    path = tmp_path / f'checkpoint{suffix}'
    path.write_bytes(content)
    if suffix == '.safetensors' and 'damaged' in message:
        message = 'no .safetensors file'
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(path)


def test_a_truncated_file_is_named(tmp_path):
    path = save(dict(state_dict=dict(weight=torch.randn(1000))), tmp_path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(CheckpointError, match='damaged or incomplete'):
        read_checkpoint(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match='no such file'):
        read_checkpoint(tmp_path / 'absent.pth')


def test_safetensors_come_with_their_metadata(tmp_path):
    weight = torch.randn(2, 3)
    save_file(dict(weight=weight), tmp_path / 'a.safetensors',
              dict(source='here'))
    loaded = read_checkpoint(tmp_path / 'a.safetensors')
    assert torch.equal(loaded['state_dict']['weight'], weight)
    assert loaded['meta'] == dict(source='here')


@pytest.mark.parametrize('settings,expected', [
    (argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath('/runs/a')),
     argparse.Namespace(lr=0.1, out='/runs/a')),
    (ConfigDict(model=dict(type='ViT')), dict(model=dict(type='ViT'))),
    (pathlib.Path('runs/a'), 'runs/a'),
    (defaultdict(list, a=[1]), dict(a=[1])),
    (defaultdict(int, a=1), dict(a=1)),
    (np.str_('coco'), 'coco'),
    (np.array(['nose', 'eye']), np.array(['nose', 'eye'])),
    # Colours of the links of a skeleton without links.
    (np.zeros((0, 3), np.uint8), np.zeros((0, 3), np.uint8)),
], ids=lambda value: type(value).__name__)
def test_settings_of_training_code_are_read(read, tmp_path, settings,
                                            expected):
    path = save(dict(model=dict(weight=torch.ones(1)), args=settings),
                tmp_path)

    loaded = read(path)['args']

    np.testing.assert_array_equal(loaded, expected)
    assert not isinstance(loaded, (ConfigDict, defaultdict))


def test_a_factory_of_a_defaultdict_is_not_called(read, tmp_path):
    trace = tmp_path / 'ran'
    path = save(
        dict(a=Call(defaultdict, Call(os.system, f'touch {trace}'))),
        tmp_path)
    with pytest.raises((CheckpointError, pickle.UnpicklingError),
                       match='system'):
        read(path)
    assert not trace.exists()


@pytest.mark.parametrize('wrap', [
    lambda weights: dict(state_dict_ema=weights),
    lambda weights: dict(model_ema=weights, epoch=1),
    lambda weights: dict(ema_state_dict={
        'steps': torch.tensor(3),
        **{f'module.{key}': value for key, value in weights.items()}}),
    lambda weights: {f'model.{key}': value for key, value in weights.items()},
    lambda weights: dict(state_dict={
        f'_orig_mod.{key}': value for key, value in weights.items()}),
    lambda weights: dict(state_dict={
        key.replace('backbone.', 'backbone._orig_mod.'): value
        for key, value in weights.items()}),
    lambda weights: dict(state_dict={
        'criterion.weight': torch.ones(2),
        **{f'model.module.{key}': value for key, value in weights.items()}}),
    lambda weights: dict(model_state_dict=weights, epoch=3,
                         optimizer_state_dict=dict(
                             state={0: dict(exp_avg=torch.zeros(3))})),
    lambda weights: dict(mine=dict(net=weights)),
    lambda weights: {f'pose.net.{key}': value
                     for key, value in weights.items()},
    lambda weights: dict(state_dict={
        '_fsdp_wrapped_module.' + key.replace(
            'blocks.0.', 'blocks.0._checkpoint_wrapped_module.'): value
        for key, value in weights.items()}),
    lambda weights: {key: value.numpy() for key, value in weights.items()},
], ids=['state_dict_ema', 'model_ema', 'ema_state_dict', 'model.',
        '_orig_mod.', 'backbone._orig_mod.', 'lightning', 'own container',
        'two containers', 'own prefix', 'fsdp', 'numpy'])
@pytest.mark.parametrize('head', ['keypoint_head', 'head'])
def test_weights_are_found_where_training_code_puts_them(
        tmp_path, official_weights, pose_model, wrap, head):
    weights = {key.replace('keypoint_head', head): tensor
               for key, tensor in official_weights(
                   48, 1, 193 if head != 'head' else 192).items()}
    path = save(wrap(weights), tmp_path)
    model = pose_model(48, 1)

    load_checkpoint(model, str(path), strict=True)

    own = model.state_dict()
    for name in ('head.final_layer.bias', 'backbone.blocks.0.mlp.fc2.weight'):
        assert torch.equal(own[name],
                           weights[name.replace('head.', f'{head}.')])


@pytest.mark.parametrize('name', [
    'backbone.blocks.0.attn.qkv.weight', 'keypoint_head.final_layer.bias',
    'keypoint_head.deconv_layers.1.running_var'])
def test_weights_that_are_no_numbers_are_refused(tmp_path, official_weights,
                                                 pose_model, name):
    for value, words in ((torch.nan, 'NaN or infinity in'),
                         (torch.inf, 'NaN or infinity in')):
        weights = official_weights(48, 1)
        weights[name].view(-1)[-1] = value
        path = save(weights, tmp_path)
        with pytest.raises(CheckpointError, match=words):
            load_checkpoint(pose_model(48, 1), str(path))


def test_weights_as_integers_are_refused(tmp_path, official_weights,
                                         pose_model):
    weights = official_weights(48, 1)
    name = 'backbone.blocks.0.mlp.fc1.weight'
    weights[name] = (100 * weights[name]).to(torch.int8)
    path = save(weights, tmp_path)
    with pytest.raises(CheckpointError, match=f'{name} as int8, as quantised'):
        load_checkpoint(pose_model(48, 1), str(path))


def test_half_precision_loses_nothing_that_is_added(tmp_path, official_weights,
                                                    pose_model):
    for dtype in (torch.bfloat16, torch.float16):
        weights = {key: tensor.to(dtype) if tensor.is_floating_point()
                   else tensor
                   for key, tensor in official_weights(48, 1).items()}
        path = save(weights, tmp_path)
        model = pose_model(48, 1)

        load_checkpoint(model, str(path))

        slots = weights['backbone.pos_embed'].double()
        torch.testing.assert_close(
            model.backbone.pos_embed.double(), slots[:, 1:] + slots[:, :1],
            atol=1e-6, rtol=1e-6)


def test_official_names_without_the_added_slot_are_not_folded(
        tmp_path, official_weights, pose_model):
    for slots, grid in ((192, (256, 192)), (432, (384, 288))):
        weights = official_weights(48, 1, num_slots=slots)
        path = save(weights, tmp_path)
        for size in (grid, (128, 96)):
            model = pose_model(48, 1, img_size=size)

            load_checkpoint(model, str(path))

            rows, cols = grid[0] // 16, grid[1] // 16
            expected = weights['backbone.pos_embed']
            if size != grid:
                expected = torch.nn.functional.interpolate(
                    expected.view(1, rows, cols, 48).permute(0, 3, 1, 2),
                    (8, 6), mode='bicubic').flatten(2).transpose(1, 2)
            torch.testing.assert_close(model.backbone.pos_embed.data, expected)
