# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import hashlib
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError

import pytest
import torch
from mmengine.runner import CheckpointLoader
from mmpose.registry import MODELS
from safetensors.torch import save_file

from vitpose_mm.checkpoints import CheckpointError


def test_missing_weights_of_init_cfg_are_named():
    vit = MODELS.build(
        dict(
            type='ViT',
            arch=dict(embed_dim=8, depth=1, num_heads=1),
            init_cfg=dict(type='Pretrained', checkpoint='absent.pth')))
    with pytest.raises(CheckpointError, match='absent.pth .* no such file'):
        vit.init_weights()


def test_a_download_is_kept_and_loaded_like_a_file(tmp_path, monkeypatch):
    calls = []

    def download(url, dst, progress):
        calls.append(url)
        torch.save(dict(state_dict=dict(weight=torch.ones(2))), dst)

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    url = 'https://example.org/models/vit.pth'
    for _ in range(2):
        loaded = CheckpointLoader.load_checkpoint(url, 'cpu')
        assert loaded['state_dict']['weight'].tolist() == [1., 1.]
    assert calls == [url]


def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch):

    def download(url, dst, progress):
        raise URLError('no route')

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    with pytest.raises(CheckpointError, match='no route.*save it as .*a.pth'):
        CheckpointLoader.load_checkpoint('https://example.org/a.pth')


@pytest.fixture
def server(tmp_path):
    """Two models under one file name, as on the hubs; its address."""
    for name in ('one', 'two'):
        folder = tmp_path / 'www' / name
        folder.mkdir(parents=True)
        save_file(dict(weight=torch.full((2, ), float(len(name)))),
                  folder / 'model.safetensors', dict(name=name))
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / 'www')
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


def test_equal_names_of_two_addresses_are_two_files(server, tmp_path,
                                                    monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))

    names = [CheckpointLoader.load_checkpoint(
        f'{server}/{name}/model.safetensors')['meta']['name']
        for name in ('one', 'two', 'one')]

    assert names == ['one', 'two', 'one']


@pytest.mark.parametrize('place', ['name', 'fragment'])
@pytest.mark.parametrize('is_right', [True, False])
def test_a_stated_hash_is_checked(server, tmp_path, monkeypatch, place,
                                  is_right):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    file = tmp_path / 'www' / 'one' / 'model.safetensors'
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    stated = digest if is_right else 'ab' * 32
    address = f'{server}/one/model.safetensors#sha256={stated}'
    if place == 'name':
        name = f'vit-{stated[:20]}_20230314.safetensors'
        shutil.copy(file, file.with_name(name))
        address = f'{server}/one/{name}'

    if is_right:
        assert CheckpointLoader.load_checkpoint(address)['meta']
    else:
        with pytest.raises(CheckpointError, match='invalid hash value'):
            CheckpointLoader.load_checkpoint(address)
        assert not list((tmp_path / 'checkpoints').glob('*.safetensors'))


NODE = '''
import sys, torch
from mmengine.runner import CheckpointLoader
import vitpose_mm.checkpoints
rank, store, folder, address = sys.argv[1:]
torch.distributed.init_process_group(
    'gloo', f'file://{store}', rank=int(rank), world_size=2)
torch.hub.set_dir(folder)
print(CheckpointLoader.load_checkpoint(address)['meta']['name'])
'''


@pytest.mark.slow
def test_each_node_has_its_own_download(server, tmp_path):
    nodes = [subprocess.Popen(
        [sys.executable, '-c', NODE, str(rank), str(tmp_path / 'store'),
         str(tmp_path / f'cache{rank}'), f'{server}/two/model.safetensors'],
        stdout=subprocess.PIPE, text=True) for rank in (0, 1)]

    for node in nodes:
        assert node.communicate(timeout=300)[0].split()[-1] == 'two'
        assert node.returncode == 0
