# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What MAE has learnt reaches the ViT of a pose model."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmpose.registry import MODELS

from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint

ARCH = dict(embed_dim=32, depth=2, num_heads=4)
MAE = 'configs/mae/mae_vit-tiny_1xb16-20e_synth-crops-128x96.py'
POSE = 'configs/quickstart/td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py'


def assert_same(vit, state: dict) -> None:
    """All but the final norm and the class token has arrived."""
    names = {'attn.': 'attn.', 'ln1': 'norm1', 'ln2': 'norm2', 'pcm': 'pcm',
             'ffn.layers.0.0': 'mlp.fc1', 'ffn.layers.1': 'mlp.fc2'}
    own = vit.state_dict()
    for i in range(len(vit.blocks)):
        for theirs, our in names.items():
            for key in state:
                start = f'backbone.layers.{i}.{theirs}'
                if key.startswith(start):
                    tensor = own.pop(f'blocks.{i}.{our}{key[len(start):]}')
                    if tensor.ndim == 4:
                        tensor = tensor[..., 1:2, 1:2]
                    assert torch.equal(tensor, state[key]), key
    assert torch.equal(own.pop('pos_embed'),
                       state['backbone.pos_embed'][:, 1:])
    for kind in ('weight', 'bias'):
        assert torch.equal(own.pop(f'patch_embed.proj.{kind}'),
                           state[f'backbone.patch_embed.projection.{kind}'])
        assert torch.equal(
            own.pop(f'last_norm.{kind}'),
            torch.full_like(vit.last_norm.bias, kind == 'weight'))
    assert not own


@pytest.mark.parametrize('kind', ['ViT', 'ViTAE'])
def test_encoder_becomes_the_backbone(pretraining, tmp_path, log, kind):
    options = dict(arch=ARCH, img_size=(64, 48))
    encoder = getattr(pretraining, f'RectangularMAE{kind}')(**options)
    encoder.init_weights()
    state = {f'backbone.{k}': v for k, v in encoder.state_dict().items()}
    path = str(tmp_path / 'mae.pth')
    torch.save(dict(state_dict=state, meta={}), path)
    init_default_scope('mmpose')
    vit = MODELS.build(
        dict(type=kind, **options,
             init_cfg=dict(type='Pretrained', checkpoint=path)))
    vit.init_weights()
    assert_same(vit, state)
    total = len(vit.state_dict())
    assert f'loaded   {total - 2} of {total} tensors' in log.text
    assert 'missing  last_norm.weight, last_norm.bias: stays' in log.text


@pytest.fixture(scope='module')
def run(repo, real_data, tmp_path_factory):
    """`mim train mmpretrain` on the people of a few real images."""
    folder = tmp_path_factory.mktemp('mae')
    # MMPretrain leaves its multi-modal models out where transformers is too
    # old for them; they are what does not import beside a new one.
    told = folder / 'path' / 'transformers-0.dist-info'
    told.mkdir(parents=True)
    (told / 'METADATA').write_text(
        'Metadata-Version: 2.1\nName: transformers\nVersion: 0\n')
    paths = [told.parent, repo, os.environ.get('PYTHONPATH', '')]
    done = subprocess.run(
        [
            sys.executable, '-m', 'mim', 'train', 'mmpretrain', MAE,
            '--work-dir', folder,
            '--cfg-options',
            f'train_dataloader.dataset.data_root={real_data / "coco"}',
            'train_dataloader.dataset.ann_file=test_coco.json',
            'train_dataloader.dataset.data_prefix.img_path=',
            'train_dataloader.batch_size=4', 'default_hooks.logger.interval=1'
        ],
        cwd=repo,
        env={
            **os.environ,
            'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
            'PYTHONPATH': os.pathsep.join(map(str, paths))
        },
        capture_output=True,
        text=True,
        timeout=1800)
    assert done.returncode == 0, done.stderr[-6000:]
    return folder


@pytest.mark.slow
def test_mim_train_lowers_the_loss(run):
    log = next(run.glob('*/vis_data/scalars.json')).read_text()
    losses = [json.loads(line)['loss'] for line in log.splitlines()]
    assert len(losses) == 20 * 3
    assert sum(losses[-6:]) < 0.9 * sum(losses[:6])


@pytest.mark.slow
@pytest.mark.parametrize('how', ['init_cfg', 'load_from'])
def test_checkpoint_loads_in_a_pose_config(run, repo, how):
    path = str(run / 'epoch_20.pth')
    model = Config.fromfile(repo / POSE).model
    if how == 'init_cfg':
        model.backbone.init_cfg = dict(type='Pretrained', checkpoint=path)
    model = MODELS.build(model)
    model.init_weights()
    if how == 'load_from':
        load_checkpoint(model, path, map_location='cpu')
    state = torch.load(path, weights_only=False)['state_dict']
    assert_same(model.backbone, state)


@pytest.mark.slow
def test_checkpoint_can_be_inspected(run):
    facts = inspect_checkpoint(run / 'epoch_20.pth')
    assert facts['embed_dim'] == 128 and tuple(facts['grid']) == (16, 12)
