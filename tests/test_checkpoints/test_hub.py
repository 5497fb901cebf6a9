# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Weights of the Hugging Face hub, from a hub on this machine."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from mmengine.runner import CheckpointLoader, load_checkpoint
from mmpose.apis import init_model
from safetensors.torch import save
from transformers import (VitPoseBackboneConfig, VitPoseConfig,
                          VitPoseForPoseEstimation)

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.checkpoints.loader import download, local_file

REPO, FILE = 'lab/vit', 'model.safetensors'
NOWHERE = 'http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}'
SMALL = 'configs/body_2d_keypoint/topdown_heatmap/coco/' \
    'td-hm_ViTPose-small{}_8xb64-210e_coco-256x192.py'


def weights(value: float) -> bytes:
    return save(dict(weight=torch.full((3, ), float(value))))


def load(address: str = f'hf://{REPO}') -> float:
    loaded = CheckpointLoader.load_checkpoint(address, 'cpu')
    return loaded['state_dict']['weight'].unique().item()


def copies() -> list:
    """Files of the repository in the cache, and links to them."""
    folder = Path(constants.HF_HUB_CACHE) / 'models--lab--vit'
    return [path for name in ('blobs', 'snapshots')
            for path in (folder / name).rglob('*')
            if not path.is_dir() and path.suffix != '.incomplete']


def test_a_file_is_downloaded_once_and_asked_for_again(hub):
    hub.push(REPO, {FILE: weights(1)})

    assert [load(), load()] == [1, 1]
    assert hub.downloads() == [FILE]
    copy = local_file(f'hf://{REPO}')
    assert copy.exists() and copy.is_relative_to(constants.HF_HUB_CACHE)

    hub.push(REPO, {FILE: weights(2)})
    assert load() == 2


def test_a_revision_is_kept_apart(hub):
    first = hub.push(REPO, {FILE: weights(1)}, 'v1')
    hub.push(REPO, {FILE: weights(2)})

    assert [load(), load(f'hf://{REPO}@v1'), load(f'hf://{REPO}@{first}')] == [
        2, 1, 1]
    asked = len(hub.asked)
    assert load(f'hf://models/{REPO}@{first}/{FILE}') == 1
    # What a commit holds never changes.
    assert len(hub.asked) == asked


def test_other_files_are_named(hub):
    hub.push(REPO, {'torch/ap10k/b.pth': weights(3),
                    'pytorch_model.bin': weights(4)})

    assert load(f'hf://{REPO}/torch/ap10k/b.pth') == 3
    assert load() == 4


@pytest.mark.parametrize('folder', ['', 'deep/'])
def test_parts_are_downloaded_with_their_index(hub, folder):
    index = dict(weight_map=dict(one='a.safetensors', two='b.safetensors'))
    hub.push(REPO, {
        f'{folder}{FILE}.index.json': json.dumps(index).encode(),
        f'{folder}a.safetensors': save(dict(one=torch.ones(1))),
        f'{folder}b.safetensors': save(dict(two=torch.zeros(1)))})
    address = f'hf://{REPO}' + (
        f'/{folder}{FILE}.index.json' if folder else '')

    for _ in range(2):
        loaded = CheckpointLoader.load_checkpoint(address)
        assert set(loaded['state_dict']) == {'one', 'two'}
    assert len(hub.downloads()) == 3


@pytest.mark.parametrize('way', ['offline', 'unreached', 'down'])
def test_without_the_hub_the_copy_serves(hub, set_hub, log, way):
    hub.push(REPO, {FILE: weights(1)})
    load()
    if way == 'offline':
        set_hub(HF_HUB_OFFLINE=True)
    elif way == 'down':
        hub.token, hub.missing = 'of nobody', 503
    else:
        set_hub(HUGGINGFACE_CO_URL_TEMPLATE=NOWHERE)

    assert load() == 1
    assert 'is the copy of it on disk' in log.text
    assert ('HF_HUB_OFFLINE is set' in log.text) == (way == 'offline')


@pytest.mark.parametrize('way', ['offline', 'unreached'])
def test_without_hub_and_copy_it_is_said_what_to_do(hub, set_hub, way):
    if way == 'offline':
        set_hub(HF_HUB_OFFLINE=True)
    set_hub(HUGGINGFACE_CO_URL_TEMPLATE=NOWHERE)
    start = time.monotonic()

    with pytest.raises(CheckpointError) as raised:
        load(f'hf://{REPO}@v1')

    text = str(raised.value)
    assert f'hf download {REPO} {FILE} --revision v1' in text
    assert constants.HF_HUB_CACHE in text and 'models--lab--vit' in text
    assert f'{REPO}/resolve/v1/{FILE}' in text and '\n' not in text
    # Older ones of huggingface_hub try five times, for 23 seconds.
    assert time.monotonic() - start < 60


def test_a_copied_cache_serves_as_the_message_says(hub, set_hub, tmp_path):
    hub.push(REPO, {FILE: weights(1)})
    load()
    folder = Path(constants.HF_HUB_CACHE) / 'models--lab--vit'
    there = tmp_path / 'elsewhere' / folder.name
    shutil.copytree(folder, there, symlinks=True)
    set_hub(HF_HUB_CACHE=str(there.parent), HF_HUB_OFFLINE=True)

    assert load() == 1


@pytest.mark.parametrize('status', [401, 404])
def test_a_repository_that_is_not_there(hub, status):
    hub.missing = status
    with pytest.raises(CheckpointError, match='no repository lab/vit, or a '
                       'private one.*HF_TOKEN'):
        load()


def test_a_revision_or_file_that_is_not_there(hub):
    hub.push(REPO, {'README.md': b'x'})

    with pytest.raises(CheckpointError, match='no branch, tag or commit v9'):
        load(f'hf://{REPO}@v9')
    with pytest.raises(CheckpointError, match='has no a.pth; its files: '
                       f'{hub.address}/{REPO}/tree/main'):
        load(f'hf://{REPO}/a.pth')
    with pytest.raises(CheckpointError, match='no model.safetensors or'):
        load()


@pytest.mark.parametrize('address', ['hf://vit', 'hf://', 'hf:///lab/vit',
                                     'hf://lab/vit@'])
def test_what_is_no_place_on_the_hub(hub, address):
    with pytest.raises(CheckpointError, match='no place on the hub; write'):
        load(address)
    assert not hub.asked


def test_the_token_is_sent(hub, monkeypatch):
    hub.push(REPO, {FILE: weights(1)})
    hub.token = 'hf_secret'
    with pytest.raises(CheckpointError) as raised:
        load()
    assert 'hf_secret' not in str(raised.value)

    monkeypatch.setenv('HF_TOKEN', 'hf_secret')
    assert load() == 1
    assert hub.asked[-1][2] == 'Bearer hf_secret'


@pytest.mark.parametrize('spoil', ['bytes', 'length'])
def test_what_arrives_damaged_is_refused_and_removed(hub, spoil):
    hub.push(REPO, {FILE: weights(1)})
    hub.spoil = spoil

    with pytest.raises(CheckpointError, match='was (not )?downloaded'):
        load()
    assert not copies()

    hub.spoil = ''
    assert load() == 1


@pytest.mark.parametrize('is_there', [True, False])
def test_another_file_than_stated_is_refused(hub, is_there):
    content = weights(1)
    hub.push(REPO, {FILE: content})
    right = hashlib.sha256(content).hexdigest()
    if is_there:
        load()

    with pytest.raises(CheckpointError, match=f'SHA-256.*{right}, not abab'):
        load(f'hf://{REPO}#sha256={"ab" * 32}')
    assert bool(copies()) == is_there

    assert load(f'hf://{REPO}#sha256={right}') == 1


@pytest.mark.parametrize('fragment', ['sha256=abc', 'dataste=aic', 'aic',
                                      'sha256='])
def test_an_unknown_fragment_is_refused(hub, fragment):
    with pytest.raises(CheckpointError, match='after # an address has'):
        load(f'hf://{REPO}#{fragment}')


def test_one_downloads_and_the_others_wait(hub):
    hub.push(REPO, {FILE: weights(1)})

    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(download, [f'hf://{REPO}'] * 4))

    assert len(paths) == 1 and hub.downloads() == [FILE]


def test_without_the_package_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    with pytest.raises(CheckpointError, match='pip install huggingface_hub.*'
                       'huggingface.co/lab/vit/resolve/main/model.safe'):
        load()


def test_a_file_of_transformers_gives_its_heatmaps(hub, repo, fill, heatmaps,
                                                   tmp_path):
    peer = fill(VitPoseForPoseEstimation(VitPoseConfig(
        backbone_config=VitPoseBackboneConfig(
            hidden_size=384, num_hidden_layers=2, num_attention_heads=12,
            out_features=['stage2'], layer_norm_eps=1e-6),
        num_labels=17, use_simple_decoder=True)))
    peer.save_pretrained(tmp_path)
    hub.push('usyd/small', {FILE: (tmp_path / FILE).read_bytes()})
    x = torch.randn(2, 3, 256, 192)

    model = init_model(
        str(repo / SMALL.format('-simple')), 'hf://usyd/small', device='cpu',
        cfg_options={'model.backbone.arch': dict(
            _delete_=True, embed_dim=384, depth=2, num_heads=12)})

    with torch.no_grad():
        torch.testing.assert_close(heatmaps(model, x), peer(x).heatmaps,
                                   atol=1e-5, rtol=0)


@pytest.mark.parametrize('dataset', ['coco', 'aic'])
def test_a_dataset_is_taken_out_of_a_joint_file(
        hub, official_weights, official_heatmaps, pose_model, heatmaps,
        tmp_path, dataset):
    joint = official_weights(384, 1, part_features=96)
    torch.save(joint, tmp_path / 'plus.pth')
    hub.push(REPO, {'plus.pth': (tmp_path / 'plus.pth').read_bytes()})
    index = ['coco', 'aic'].index(dataset)
    model = pose_model(384, 1, num_keypoints=[17, 14][index])
    x = torch.randn(2, 3, 256, 192)

    load_checkpoint(model, f'hf://{REPO}/plus.pth#dataset={dataset}',
                    strict=True)

    head = ['keypoint_head.', 'associate_keypoint_heads.0.'][index]
    expected = official_heatmaps(joint, x, expert=index, head=head)
    torch.testing.assert_close(heatmaps(model, x), expected, atol=1e-4,
                               rtol=0)
    with pytest.raises(CheckpointError, match="no expert for 'hand'"):
        load(f'hf://{REPO}/plus.pth#dataset=hand')


SCRIPT = '''
import sys
import vitpose_mm
from mmengine.runner import CheckpointLoader
for address in sys.argv[1:]:
    try:
        loaded = CheckpointLoader.load_checkpoint(address)['state_dict']
        print('RESULT', loaded['weight'][0].item())
    except Exception as error:
        print('RESULT', type(error).__name__, error)
'''


@pytest.mark.slow
def test_the_environment_is_obeyed(hub, tmp_path):
    hub.push(REPO, {FILE: weights(1)})
    hub.token = 'hf_mine'

    def run(*addresses: str, **env: str) -> list:
        done = subprocess.run(
            [sys.executable, '-c', SCRIPT, *addresses], capture_output=True,
            text=True, timeout=300, check=True,
            env=dict(os.environ, HF_HOME=str(tmp_path / 'home'),
                     HF_ENDPOINT=hub.address, **env))
        return re.findall('^RESULT (.*)$', done.stdout, re.MULTILINE)

    assert run(f'hf://{REPO}', HF_TOKEN='hf_mine') == ['1.0']
    assert (tmp_path / 'home' / 'hub' / 'models--lab--vit').is_dir()
    asked = len(hub.asked)
    there, absent = run(f'hf://{REPO}', 'hf://lab/other', HF_HUB_OFFLINE='1')
    assert there == '1.0' and 'HF_HUB_OFFLINE is set' in absent
    assert str(tmp_path / 'home' / 'hub') in absent
    assert len(hub.asked) == asked
