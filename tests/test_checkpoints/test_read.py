# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import pickle
import types
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
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


@pytest.mark.parametrize('content, message', [
    (b'', 'empty'), (b'<!DOCTYPE html><html>Sign in</html>', 'web page'),
    (b'version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'),
    (b'PK\x03\x04 no archive', 'damaged or incomplete'),
    (b'weights', 'not only weights|damaged')
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
