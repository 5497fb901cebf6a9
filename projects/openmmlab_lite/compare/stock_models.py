# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The models of ``stock_configs.py``: MMPose's, and MMDetection's detectors.

Configs come from the installed packages, `mmpose/.mim` and `mmdet/.mim`.
"""
import importlib
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import Dict
from unittest import mock
from zlib import crc32

import importlib_metadata
import mmdet
import mmpose
import numpy as np
import torch
from mmdet.apis import inference_detector, init_detector
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.apis import init_model
from torch import Tensor, nn

BODY = 'configs/body_2d_keypoint'
COCO = f'{BODY}/topdown_heatmap/coco'
DEMO = 'demo/mmdetection_cfg'
# family, kind, config
CONFIGS = tuple(
    [('topdown heatmap', 'pose', f'{COCO}/td-hm_{name}.py')
     for name in ('res50_8xb64-210e_coco-256x192',
                  'hrnet-w32_udp-8xb64-210e_coco-256x192',
                  'mobilenetv2_8xb64-210e_coco-256x192',
                  'litehrnet-18_8xb64-210e_coco-256x192',
                  'swin-t-p4-w7_8xb32-210e_coco-256x192',
                  'ViTPose-small_8xb64-210e_coco-256x192')] +
    [('topdown regression', 'pose', f'{BODY}/{name}.py')
     for name in ('topdown_regression/coco/td-reg_res50_8xb64-210e_coco-'
                  '256x192', 'topdown_regression/coco/td-reg_mobilenetv2_rle-'
                  'pretrained-8xb64-210e_coco-256x192',
                  'integral_regression/coco/ipr_res50_8xb64-210e_coco-'
                  '256x256')] +
    [('SimCC', 'pose', f'{BODY}/simcc/coco/simcc_{name}.py')
     for name in ('res50_8xb64-210e_coco-256x192',
                  'mobilenetv2_wo-deconv-8xb64-210e_coco-256x192',
                  'vipnas-mbv3_8xb64-210e_coco-256x192')] +
    [('RTMPose', 'pose', f'configs/{name}.py')
     for name in ('body_2d_keypoint/rtmpose/body8/rtmpose-t_8xb256-420e_body8-'
                  '256x192', 'body_2d_keypoint/rtmpose/coco/rtmpose-m_8xb256-'
                  '420e_coco-256x192',
                  'hand_2d_keypoint/rtmpose/hand5/rtmpose-m_8xb256-210e_'
                  'hand5-256x256', 'wholebody_2d_keypoint/rtmpose/cocktail14/'
                  'rtmw-m_8xb1024-270e_cocktail14-256x192')] +
    [('bottom-up AE', 'pose', f'{BODY}/associative_embedding/coco/'
      'ae_hrnet-w32_8xb24-300e_coco-512x512.py')] +
    [('bottom-up DEKR', 'pose', f'{BODY}/dekr/{name}.py')
     for name in ('coco/dekr_hrnet-w32_8xb10-140e_coco-512x512',
                  'crowdpose/dekr_hrnet-w32_8xb10-300e_crowdpose-512x512')] +
    [('bottom-up CID', 'pose', f'{BODY}/cid/coco/'
      'cid_hrnet-w32_8xb20-140e_coco-512x512.py')] +
    [('RTMO', 'pose', f'{BODY}/rtmo/{name}.py')
     for name in ('body7/rtmo-t_8xb32-600e_body7-416x416',
                  'coco/rtmo-s_8xb32-600e_coco-640x640')] +
    [('YOLOX-Pose', 'pose', f'{BODY}/yoloxpose/coco/yoloxpose_{name}.py')
     for name in ('tiny_4xb64-300e_coco-416', 's_8xb32-300e_coco-640')] +
    [('ED-Pose', 'pose', f'{BODY}/edpose/coco/'
      'edpose_res50_8xb2-50e_coco-800x1333.py')] +
    [('RTMDet (demo)', 'demo', f'{DEMO}/{name}.py')
     for name in ('rtmdet_nano_320-8xb32_coco-person',
                  'rtmdet_tiny_8xb32-300e_coco',
                  'rtmdet_m_640-8xb32_coco-person')] +
    [('YOLOX (demo)', 'demo', f'{DEMO}/yolox-s_8xb8-300e_coco-face.py'),
     ('YOLOX', 'detector', 'configs/yolox/yolox_tiny_8xb8-300e_coco.py'),
     ('Faster R-CNN (demo)', 'demo', f'{DEMO}/faster_rcnn_r50_fpn_coco.py'),
     ('Faster R-CNN', 'detector',
      'configs/faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py')])


def import_mmpretrain() -> None:
    """MMPretrain, which has the backbone of MMPose's ViTPose configs.

    Beside transformers 5 MMPretrain 1.2 fails while it imports its models of
    text and images, which it leaves out where it finds no transformers.
    """
    find = importlib_metadata.distribution

    def hide_transformers(name: str) -> object:
        if name == 'transformers':
            raise importlib_metadata.PackageNotFoundError(name)
        return find(name)

    with mock.patch.object(importlib_metadata, 'distribution',
                           hide_transformers):
        importlib.import_module('mmpretrain')


def load_config(kind: str, path: str) -> nn.Module:
    """The model of a stock config, in evaluation mode."""
    import_mmpretrain()
    package = mmdet if kind == 'detector' else mmpose
    config = read(Path(package.__file__).parent / '.mim', path)
    keep_all(config.model)
    if config.model.type == 'TopdownPoseEstimator':
        config.model.test_cfg['flip_test'] = False  # half the time
    if kind == 'pose':
        return init_model(config, device='cpu')
    init_default_scope('mmdet')
    return init_detector(config, device='cpu', palette='coco')


def read(root: Path, path: str) -> Config:
    """The config, whose base may be where MMPose's wheel has none.

    ED-Pose's names it as ``mmpose.configs._base_.default_runtime``; the wheel
    has that file in ``.mim``.
    """
    missing = 'mmpose.configs._base_.default_runtime'
    text = (root / path).read_text()
    if missing not in text:
        return Config.fromfile(root / path)
    with TemporaryDirectory() as folder:
        copy(root / 'configs' / '_base_' / 'default_runtime.py', folder)
        child = Path(folder, 'config.py')
        child.write_text(text.replace(missing, '.default_runtime'))
        return Config.fromfile(child)


def keep_all(config: dict) -> None:
    """Let made-up models find something: no score is too low."""
    for key, value in config.items():
        if isinstance(value, dict):
            keep_all(value)
        elif key == 'score_thr':
            config[key] = 0.0
    if config.get('type') == 'SPR':
        config['decode_thr'] = -100.0


def with_made_up_weights(model: nn.Module) -> nn.Module:
    """Add noise to every weight, the same wherever it is called.

    What begins as zero, offsets of deformable convolutions above all, would
    otherwise not be seen.
    """
    for name, weight in model.named_parameters():
        rng = torch.Generator().manual_seed(crc32(name.encode()))
        noise = torch.randn(weight.shape, generator=rng)
        weight.data += 0.02 * noise
        if 'rtm_reg' in name and name.endswith('bias'):
            weight.data += 2  # RTMDet drops boxes of negative size
    return model


def pose_batch(model: nn.Module, image: np.ndarray) -> dict:
    """One person, who fills the image, through the test pipeline."""
    init_default_scope('mmpose')
    pipeline = Compose(model.cfg.test_dataloader.dataset.pipeline)
    height, width = image.shape[:2]
    data = dict(
        img=image,
        bbox=np.array([[0, 0, width, height]], dtype=np.float32),
        bbox_score=np.ones(1, dtype=np.float32))
    return pseudo_collate([pipeline({**data, **model.dataset_meta})])


def predict(kind: str, model: nn.Module,
            image: np.ndarray) -> Dict[str, Tensor]:
    """Everything that a prediction holds."""
    if kind == 'pose':
        with torch.no_grad():
            sample, = model.test_step(pose_batch(model, image))
    else:
        init_default_scope('mmdet')
        sample = inference_detector(model, image)
    found = {
        k: torch.as_tensor(np.array(v))
        for k, v in sample.pred_instances.items()
        if isinstance(v, (np.ndarray, Tensor))
    }
    if not sum(len(v) for v in found.values()):
        raise ValueError('nothing was found')
    return found


def gradients(kind: str, model: nn.Module,
              image: np.ndarray) -> Dict[str, Tensor]:
    """Norms for all weights, of a random sum of what the heads return, or of
    a detector's losses; and those."""
    if kind == 'pose':
        batch = model.data_preprocessor(pose_batch(model, image), False)
        outputs = flat(
            model(batch['inputs'], batch['data_samples'], mode='tensor'))
        rng = torch.Generator().manual_seed(1)
        losses = [(x * torch.randn(x.shape, generator=rng)).mean()
                  for x in outputs]
    else:
        losses = detector_losses(model)
    model.zero_grad()
    sum(losses).backward()
    norms = [
        weight.grad.norm() for weight in model.parameters()
        if weight.grad is not None
    ]
    return dict(
        norms=torch.stack(norms),
        losses=torch.stack([x.detach() for x in losses]))


def detector_losses(model: nn.Module) -> list:
    """For made-up boxes in two made-up images of 128x128."""
    head = getattr(model, 'bbox_head', None) or model.roi_head.bbox_head
    rng = torch.Generator().manual_seed(2)
    inputs, samples = [], []
    for _ in range(2):
        corner = torch.rand(3, 2, generator=rng) * 60
        size = torch.rand(3, 2, generator=rng) * 60 + 8
        labels = torch.randint(head.num_classes, (3, ), generator=rng)
        sample = DetDataSample(
            metainfo=dict(
                img_shape=(128, 128), ori_shape=(128, 128), scale_factor=1))
        sample.gt_instances = InstanceData(
            bboxes=torch.cat([corner, corner + size], 1), labels=labels)
        samples.append(sample)
        inputs.append(
            torch.randint(256, (3, 128, 128), generator=rng).byte())
    batch = dict(inputs=inputs, data_samples=samples)
    batch = model.data_preprocessor(batch, False)
    torch.manual_seed(0)
    losses = model.loss(batch['inputs'], batch['data_samples'])
    return [x for x in flat(list(losses.values())) if x.requires_grad]


def flat(outputs: object) -> list:
    """Floating tensors of nested lists."""
    if isinstance(outputs, Tensor):
        return [outputs] if outputs.is_floating_point() else []
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, (list, tuple)):
        return [x for part in outputs for x in flat(part)]
    return []
