# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What all tests share; below it, random weights in the layouts that others
publish, and what their code computes from them, written down independently of
the package."""
import logging
import os
from pathlib import Path
from types import ModuleType
from typing import Callable, Dict, Optional

import pytest
import torch
import torch.nn.functional as F
from hub_server import HubServer
from huggingface_hub import constants, file_download
from huggingface_hub.utils import _http
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.utils import manager
from mmengine.visualization import Visualizer
from mmpose.models import build_pose_estimator
from torch import Tensor, nn

import vitpose_mm  # noqa: F401
from vitpose_tools.benchmark.recipes import import_mmpretrain

REPO = Path(__file__).resolve().parents[1]
KEYPOINTS = [17, 14, 16, 17, 17, 133]
CODEC = dict(
    type='UDPHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)


def pytest_collection_modifyitems(items):
    """Skip what needs a GPU where there is none, and say so."""
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker('gpu'):
                item.add_marker(pytest.mark.skip(reason='needs a CUDA device'))


def forget(manager_class: type) -> None:
    """Forget the global instances of a class of MMEngine and of those below
    it."""
    manager_class._instance_dict.clear()
    for below in manager_class.__subclasses__():
        forget(below)


@pytest.fixture(autouse=True)
def mmpose_scope():
    """Resolve config types as MMPose's runner does, repeatably."""
    # It stays where the constructor of a visualizer raised, and threads of
    # another test would wait for it for ever.
    while manager._lock._is_owned():
        manager._lock.release()
    # A runner takes the visualizer of this name that is there, which writes
    # into the folder of the test that made it, and that is gone.
    forget(Visualizer)
    init_default_scope('mmpose')
    torch.manual_seed(0)


@pytest.fixture(scope='session')
def repo() -> Path:
    return REPO


@pytest.fixture(scope='session')
def real_data() -> Path:
    """Folder with a few images of the real datasets, in their formats."""
    root = Path(
        os.environ.get('VITPOSE_DATA') or REPO.parent / 'shared' / 'data')
    if not (root / 'coco' / 'test_coco.json').exists():
        pytest.skip(f'no real COCO images in {root}; set VITPOSE_DATA')
    return root.resolve()


@pytest.fixture(scope='session')
def mmpretrain() -> ModuleType:
    """MMPretrain, whose ViT is inside MMPose's own ViTPose configs."""
    return import_mmpretrain()


@pytest.fixture
def pretraining(mmpretrain) -> ModuleType:
    """vitpose_mm.pretraining, with MMPretrain's registries in charge."""
    import vitpose_mm.pretraining
    init_default_scope('mmpretrain')
    return vitpose_mm.pretraining


def randomise(tensors: Dict[str, Tensor]) -> None:
    """Fill weights so that every part of a model matters in its output."""
    for name, tensor in tensors.items():
        # What names mean is not learned.
        if not tensor.is_floating_point() or name.endswith('.vectors'):
            continue
        scale = 1 / tensor[0].numel()**.5 if tensor.ndim > 1 else 0.2
        tensor.data.normal_(std=scale)
        if 'pos' in name:
            tensor.data.normal_(std=0.5)
        if 'norm' in name and 'weight' in name or 'running_var' in name:
            tensor.data.uniform_(0.5, 1.5)


@pytest.fixture(scope='session')
def fill() -> Callable:
    """Randomise a model and put it in eval mode."""

    def fill(model: nn.Module) -> nn.Module:
        randomise(dict(model.named_parameters()))
        randomise(dict(model.named_buffers()))
        return model.eval()

    return fill


def head_tensors(prefix: str, dim: int, num_keypoints: int,
                 decoder: str) -> Dict[str, Tensor]:
    if decoder == 'simple':
        return {
            f'{prefix}final_layer.weight': torch.empty(num_keypoints, dim, 3,
                                                       3),
            f'{prefix}final_layer.bias': torch.empty(num_keypoints)
        }
    tensors = {
        f'{prefix}final_layer.weight': torch.empty(num_keypoints, 256, 1, 1),
        f'{prefix}final_layer.bias': torch.empty(num_keypoints)
    }
    for i, channels in ((0, dim), (3, 256)):
        layer = f'{prefix}deconv_layers.'
        tensors[f'{layer}{i}.weight'] = torch.empty(channels, 256, 4, 4)
        for part in ('weight', 'bias', 'running_mean', 'running_var'):
            name = f'{layer}{i + 1}.{part}'
            tensors[name] = torch.empty(256)
        tensors[f'{layer}{i + 1}.num_batches_tracked'] = torch.tensor(7)
    return tensors


@pytest.fixture(scope='session')
def official_weights() -> Callable:
    """Make a state dict as the official ViTPose code writes it."""

    def make(dim: int = 96,
             depth: int = 2,
             num_slots: int = 193,
             num_keypoints: int = 17,
             decoder: str = 'classic',
             part_features: Optional[int] = None,
             patch_size: int = 16) -> Dict[str, Tensor]:
        joint = part_features is not None
        sizes = {
            'pos_embed': (1, num_slots, dim),
            'patch_embed.proj.weight': (dim, 3, patch_size, patch_size),
            'patch_embed.proj.bias': (dim, ),
            'last_norm.weight': (dim, ),
            'last_norm.bias': (dim, ),
        }
        linears = {'attn.qkv': (3 * dim, dim), 'attn.proj': (dim, dim),
                   'mlp.fc1': (4 * dim, dim),
                   'mlp.fc2': (dim - (part_features or 0), 4 * dim)}
        if joint:
            linears.update({f'mlp.experts.{j}': (part_features, 4 * dim)
                            for j in range(6)})
        for i in range(depth):
            for name, shape in linears.items():
                sizes[f'blocks.{i}.{name}.weight'] = shape
                sizes[f'blocks.{i}.{name}.bias'] = shape[:1]
            for norm in ('norm1', 'norm2'):
                sizes[f'blocks.{i}.{norm}.weight'] = (dim, )
                sizes[f'blocks.{i}.{norm}.bias'] = (dim, )
        tensors = {f'backbone.{name}': torch.empty(shape)
                   for name, shape in sizes.items()}
        tensors.update(
            head_tensors('keypoint_head.', dim, num_keypoints, decoder))
        if joint:
            for j in range(5):
                tensors.update(
                    head_tensors(f'associate_keypoint_heads.{j}.', dim,
                                 KEYPOINTS[j + 1], decoder))
        randomise(tensors)
        return tensors

    return make


def official_features(weights: Dict[str, Tensor], x: Tensor, num_heads: int,
                      expert: Optional[int]) -> Tensor:
    def get(name):
        return weights[f'backbone.{name}'].double()

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], get(f'{name}.weight'),
                            get(f'{name}.bias'), 1e-6)

    def linear(x, name):
        return x @ get(f'{name}.weight').T + get(f'{name}.bias')

    maps = F.conv2d(x.double(), get('patch_embed.proj.weight'),
                    get('patch_embed.proj.bias'), stride=16, padding=2)
    x = maps.flatten(2).transpose(1, 2)
    pos_embed = get('pos_embed')
    x = x + pos_embed[:, 1:] + pos_embed[:, :1]
    depth = sum(name.endswith('norm1.weight') for name in weights)
    for i in range(depth):
        block = f'blocks.{i}.'
        qkv = linear(norm(x, f'{block}norm1'), f'{block}attn.qkv')
        q, k, v = (part.unflatten(2, (num_heads, -1)).transpose(1, 2)
                   for part in qkv.chunk(3, dim=2))
        scores = (q @ k.transpose(2, 3)) / q.shape[-1]**.5
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        x = x + linear(mixed, f'{block}attn.proj')
        hidden = F.gelu(linear(norm(x, f'{block}norm2'), f'{block}mlp.fc1'))
        out = [linear(hidden, f'{block}mlp.fc2')]
        if expert is not None:
            out.append(linear(hidden, f'{block}mlp.experts.{expert}'))
        x = x + torch.cat(out, dim=2)
    return norm(x, 'last_norm').transpose(1, 2).unflatten(2, maps.shape[2:])


def official_decoder(weights: Dict[str, Tensor], x: Tensor,
                     prefix: str) -> Tensor:
    def get(name):
        return weights[f'{prefix}{name}'].double()

    if f'{prefix}deconv_layers.0.weight' not in weights:
        x = F.interpolate(F.relu(x), scale_factor=4, mode='bilinear')
        return F.conv2d(x, get('final_layer.weight'), get('final_layer.bias'),
                        padding=1)
    for i in (0, 3):
        x = F.conv_transpose2d(x, get(f'deconv_layers.{i}.weight'), stride=2,
                               padding=1)
        norm = f'deconv_layers.{i + 1}.'
        x = F.relu(F.batch_norm(x, get(f'{norm}running_mean'),
                                get(f'{norm}running_var'),
                                get(f'{norm}weight'), get(f'{norm}bias')))
    return F.conv2d(x, get('final_layer.weight'), get('final_layer.bias'))


@pytest.fixture(scope='session')
def official_heatmaps() -> Callable:
    """Compute in float64 what the official code computes."""

    def run(weights: Dict[str, Tensor], x: Tensor, num_heads: int = 12,
            expert: Optional[int] = None, head: str = 'keypoint_head.'):
        features = official_features(weights, x, num_heads, expert)
        return official_decoder(weights, features, head).float()

    return run


@pytest.fixture(scope='session')
def pose_model() -> Callable:
    """Build a ViTPose of this package."""

    def build(dim: int = 96, depth: int = 2, num_heads: int = 12,
              decoder: str = 'classic', num_keypoints: int = 17,
              img_size=(256, 192), **backbone) -> nn.Module:
        simple = decoder == 'simple'
        head = dict(
            type='HeatmapHead', in_channels=dim, out_channels=num_keypoints,
            deconv_out_channels=None if simple else (256, 256),
            deconv_kernel_sizes=None if simple else (4, 4),
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=CODEC)
        model = dict(
            type='TopdownPoseEstimator',
            backbone=dict(
                type='ViT', img_size=img_size, **backbone,
                arch=dict(embed_dim=dim, depth=depth, num_heads=num_heads)),
            head=head)
        if simple:
            head['final_layer'] = dict(kernel_size=3, padding=1)
            model['neck'] = dict(type='FeatureMapProcessor', scale_factor=4.,
                                 apply_relu=True)
        return build_pose_estimator(Config(model)).eval()

    return build


@pytest.fixture(scope='session')
def heatmaps() -> Callable:
    """Run a top-down estimator of MMPose."""

    @torch.no_grad()
    def run(model: nn.Module, x: Tensor) -> Tensor:
        return model.head.forward(model.extract_feat(x))

    return run


@pytest.fixture
def log(caplog, request):
    """What MMEngine's logger writes, whatever its level was before: the
    newest logger is the current one."""
    logger = MMLogger.get_instance(request.node.nodeid)
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    yield caplog
    logger.removeHandler(caplog.handler)


@pytest.fixture
def set_hub(monkeypatch) -> Callable[..., None]:
    """Set constants of huggingface_hub, of which older ones keep copies."""

    def set_hub(**values) -> None:
        for name, value in values.items():
            for module in (constants, file_download):
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, value)
        # Theirs know since they began whether they are offline.
        getattr(_http, 'reset_sessions', lambda: None)()

    return set_hub


@pytest.fixture
def hub(monkeypatch, set_hub, tmp_path):
    """A hub on this machine, and an empty cache for its files."""
    server = HubServer()
    set_hub(
        ENDPOINT=server.address,
        HUGGINGFACE_CO_URL_TEMPLATE=server.address
        + '/{repo_id}/resolve/{revision}/{filename}',
        HF_HUB_CACHE=str(tmp_path / 'hub cache'),
        HF_HUB_OFFLINE=False)
    monkeypatch.delenv('HF_TOKEN', raising=False)
    monkeypatch.setattr(constants, 'HF_TOKEN_PATH', str(tmp_path / 'token'))
    yield server
    server.shutdown()
    server.server_close()
