# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Files that somebody made to fill the memory, to keep a reader busy, to lead
it elsewhere or to run code. What pickles may name: test_read.py."""
import codecs
import gzip
import json
import resource
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch._utils import _rebuild_tensor_v2
from torch.storage import TypedStorage

from vitpose_mm.checkpoints import CheckpointError, read_checkpoint
from vitpose_mm.checkpoints.checkpoint_file import CheckpointFile, hand_over


class Call:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function, *args) -> None:
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


@pytest.fixture(autouse=True)
def bounded_memory():
    """No test here needs more than 4 GiB beyond what the process has."""
    used = int(Path('/proc/self/statm').read_text().split()[0]) \
        * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (4 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def doubled(times: int) -> dict:
    """Bytes as hexadecimal digits, again and again."""
    value = Call(codecs.encode, 'ab', 'latin1')
    for _ in range(times):
        value = Call(codecs.encode, value, 'hex')
    return dict(meta=value)


def repeated(shape: tuple) -> dict:
    """A tensor of one number in many places."""
    storage = TypedStorage(wrap_storage=torch.zeros(1).untyped_storage(),
                           dtype=torch.float32, _internal=True)
    call = Call(_rebuild_tensor_v2, storage, 0, shape, (0, ) * len(shape),
                False, OrderedDict())
    return {'backbone.pos_embed': call}


def nested(depth: int) -> dict:
    content = dict(weight=torch.ones(1))
    for _ in range(depth):
        content = dict(a=content)
    return content


@pytest.mark.parametrize('content, message', [
    (doubled(60), "it asks for the codec 'hex'"),
    (repeated((1, 10**9, 768)), 'a tensor of shape .* takes 3,072,000,000,0'),
    (Call(bytearray, 10**15), 'bytearray'),
    (dict(a=Call(np.ndarray, (10**15, ), np.dtype('u1'))), 'damaged'),
    (nested(200), 'nested more than 64 deep'),
], ids=['codec', 'stride', 'bytearray', 'array', 'nested'])
def test_memory_is_bounded_by_the_size_of_a_file(tmp_path, content, message):
    path = tmp_path / 'a.pth'
    torch.save(content, path)
    assert path.stat().st_size < 100_000
    for legacy in (False, True):
        torch.save(content, path, _use_new_zipfile_serialization=not legacy)
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(path)


def with_grid(grid) -> OrderedDict:
    state_dict = OrderedDict(weight=torch.ones(1))
    state_dict._metadata = grid if isinstance(grid, list) else {
        '': dict(grid=grid)}
    return state_dict


@pytest.mark.parametrize('content', [
    dict(state_dict=None), dict(state_dict=5., model=dict(a=torch.ones(1))),
    dict(meta=dict(grid=[], cfg={}), state_dict=dict(weight=torch.ones(1))),
    with_grid(7), with_grid(['a'])])
def test_parts_of_other_kinds_than_training_codes_write(
        tmp_path, content):
    """Found by fuzzing: each was once an error of Python's."""
    path = tmp_path / 'a.pth'
    torch.save(content, path)
    read = read_checkpoint(path)
    hand_over(read, path)
    try:
        CheckpointFile.of(read, path).to_ours()
    except CheckpointError as error:
        assert 'a.pth' in str(error)


def test_datasets_that_are_no_text_are_not_read(tmp_path, official_weights):
    path = tmp_path / 'a.pth'
    torch.save(dict(meta=dict(datasets=1.5), state_dict=official_weights(
        depth=1)), path)
    ours, report = CheckpointFile.of(read_checkpoint(path), path).to_ours()
    assert ours and report.datasets == []


def test_text_of_what_repeats_itself_is_not_made(tmp_path):
    value = ['a' * 9]
    for _ in range(60):
        value = [value, value]
    torch.save(dict(a=Call(str, value)), tmp_path / 'a.pth')
    assert read_checkpoint(tmp_path / 'a.pth') == dict(a=None)


def test_an_archive_that_unpacks_to_much_is_refused(tmp_path):
    torch.save(dict(weight=torch.zeros(16 << 20)), tmp_path / 'a.pth')
    with zipfile.ZipFile(tmp_path / 'a.pth') as archive, zipfile.ZipFile(
            tmp_path / 'b.pth', 'w', zipfile.ZIP_DEFLATED) as packed:
        for name in archive.namelist():
            packed.writestr(name, archive.read(name))
    with pytest.raises(CheckpointError, match='would unpack to 67,'):
        read_checkpoint(tmp_path / 'b.pth')
    # Zeros of an optimiser, not packed.
    assert read_checkpoint(tmp_path / 'a.pth')['weight'].sum() == 0


def test_compressed_files_are_not_opened(tmp_path):
    (tmp_path / 'a.pth').write_bytes(gzip.compress(b'\0' * (1 << 20)))
    with pytest.raises(CheckpointError, match='compressed; unpack it'):
        read_checkpoint(tmp_path / 'a.pth')


def test_parts_that_hold_themselves_or_each_other_often_are_read_once(
        tmp_path):
    content = dict(z=1)
    for _ in range(50):
        content = dict(a=content, b=content)
    content['itself'] = content
    torch.save(content, tmp_path / 'a.pth')
    read = read_checkpoint(tmp_path / 'a.pth')
    assert CheckpointFile.of(read, 'a.pth').tensors == {}
    assert hand_over(read, 'a.pth')['state_dict'].keys() == read.keys()


@pytest.mark.parametrize('text', [
    '[' * 100_000, '{"weight_map": {"a": "../../etc/passwd"}}',
    '{"weight_map": {"a": "/etc/passwd"}}', '{"weight_map": {"a": ".."}}',
    '{"weight_map": {"a": "model.safetensors.index.json"}}',
    '{"weight_map": ' + '[' * 100_000], ids=len)
def test_an_index_leads_to_files_beside_it_alone(tmp_path, text):
    (tmp_path / 'model.safetensors.index.json').write_text(text)
    with pytest.raises(CheckpointError, match='does not list the parts|no su'):
        read_checkpoint(tmp_path)


def safetensors(header, data=b'1234', length=None) -> bytes:
    if not isinstance(header, bytes):
        header = json.dumps(header).encode()
    return struct.pack('<Q', length or len(header)) + header + data


def one(**changes) -> dict:
    return dict(a=dict(dict(dtype='F32', shape=[1], data_offsets=[0, 4]),
                       **changes))


@pytest.mark.parametrize('content', [
    safetensors(one(shape=[10**18])), safetensors(one(), length=1 << 62),
    safetensors(one(data_offsets=[0, 1 << 60])), safetensors(b'{' * 100_000),
    safetensors(one(data_offsets=[4, 0])), safetensors(one(shape=[-1])),
    safetensors(dict(one(), b=one()['a'])), safetensors(b'{"\xff":{}}'),
    safetensors(one(dtype='F33')), safetensors(b'{}'), safetensors(b'{"a":1}'),
    safetensors(b'{"a":' + b'[' * 100_000)], ids=range(12))
def test_headers_of_safetensors(tmp_path, content):
    (tmp_path / 'a.safetensors').write_bytes(content)
    with pytest.raises(CheckpointError, match='no .safetensors file or is'):
        read_checkpoint(tmp_path / 'a.safetensors')


@pytest.mark.parametrize('cfg', [
    'model = __import__("pathlib").Path("ran").touch()',
    'model = dict(backbone=dict(img_size=open("ran", "w")))',
    'import os; os.mkdir("ran")\nmodel = dict()',
    'model = ' + '[' * 5_000, 'model = dict(a=' + '1+' * 50_000 + '1)',
    'model = dict(backbone=dict(img_size=(10**10**10, 1)))',
    'model = dict(backbone=' + 'dict(a=' * 90 + ')' * 91, '\0', 'model = "'],
    ids=range(9))
def test_a_config_in_a_checkpoint_is_not_run(tmp_path, monkeypatch, cfg):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(meta=dict(cfg=cfg), state_dict=dict(a=torch.ones(1))),
               'a.pth')
    file = CheckpointFile.of(read_checkpoint('a.pth'), 'a.pth')
    assert file.grid is None and list(file.tensors) == ['a']
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']
