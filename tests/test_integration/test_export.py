# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Whole networks leave PyTorch with any number of crops: what another program
computes from the file against PyTorch itself."""
import warnings
from pathlib import Path
from typing import Callable

import pytest
import torch
from mmengine.utils import digit_version
from mmpose.models import build_pose_estimator
from torch import Tensor, nn

SIZE = 64, 48
ARCH = dict(embed_dim=32, depth=2, num_heads=2, mlp_ratio=2)
BACKBONE = dict(type='ViT', arch=ARCH, img_size=SIZE, patch_size=8)
# Windows of 3x4 need padding on this grid of 8x6.
WINDOWS = dict(window_size=(3, 4), shift=True, pooling=True, rel_pos=True)
KEYPOINTS = dict(
    coco=17, aic=14, mpii=16, ap10k=17, apt36k=17, coco_wholebody=133)

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'),
    reason='torch before 2.6 exports with other functions')


def head(num_keypoints: int) -> dict:
    return dict(
        type='HeatmapHead',
        in_channels=32,
        out_channels=num_keypoints,
        deconv_out_channels=(8, ),
        deconv_kernel_sizes=(4, ))


def topdown(**backbone) -> nn.Module:
    return build_pose_estimator(
        dict(
            type='TopdownPoseEstimator',
            backbone=dict(BACKBONE, **backbone),
            head=head(17)))


def joint(**backbone) -> nn.Module:
    """A ViTPose+ of six experts, with AIC's way chosen."""
    return build_pose_estimator(
        dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=dict(BACKBONE, type='ViTMoE', num_experts=6, **backbone),
            heads={name: head(num) for name, num in KEYPOINTS.items()},
            test_cfg=dict(dataset='aic')))


def folded() -> nn.Module:
    model = randomize(joint())
    model.switch_to_deploy()
    return model


MODELS = dict(
    vit=topdown,
    joint=joint,
    joint_independent=lambda: joint(ffn='independent'),
    folded=folded,
    windows=lambda: topdown(attention=WINDOWS),
    relative_positions=lambda: topdown(attention=dict(rel_pos=True)),
    windows_and_token=lambda: topdown(
        attention=WINDOWS, num_knowledge_tokens=1),
    vitae=lambda: topdown(type='ViTAE'))


def randomize(model: nn.Module) -> nn.Module:
    """No weight is zero or constant, as many are at first."""
    for param in model.parameters():
        nn.init.normal_(param, std=.3)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.normal_()
            norm.running_var.uniform_(.5, 2)
    return model.eval()


def write_program(model: nn.Module, x: Tensor, path: Path) -> None:
    batch = torch.export.Dim('batch')
    program = torch.export.export(
        model, (x, None),
        dynamic_shapes=dict(inputs={0: batch}, data_samples=None))
    torch.export.save(program, path)


def write_onnx(model: nn.Module, x: Tensor, path: Path) -> None:
    torch.onnx.export(
        model, (x, None),
        path,
        dynamo=True,
        verbose=False,
        dynamic_shapes=dict(
            inputs={0: torch.export.Dim('batch')}, data_samples=None))


def write_traced(model: nn.Module, x: Tensor, path: Path) -> None:
    torch.onnx.export(
        model, (x, None),
        path,
        dynamo=False,
        input_names=['images'],
        output_names=['heatmaps'],
        dynamic_axes=dict(images={0: 'batch'}, heatmaps={0: 'batch'}))


def run_program(path: Path) -> Callable[[Tensor], Tensor]:
    module = torch.export.load(path).module()
    return lambda x: module(x, None)


def run_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    from onnxruntime import InferenceSession
    session = InferenceSession(path, providers=['CPUExecutionProvider'])
    name = session.get_inputs()[0].name
    return lambda x: torch.from_numpy(session.run(None, {name: x.numpy()})[0])


@pytest.mark.parametrize('name', MODELS)
@pytest.mark.parametrize('write, run, packages', [
    pytest.param(write_program, run_program, (), marks=pytest.mark.slow),
    pytest.param(write_onnx, run_onnx, ('onnx', 'onnxscript', 'onnxruntime'),
                 marks=pytest.mark.slow),
    (write_traced, run_onnx, ('onnx', 'onnxruntime')),
], ids=['export', 'onnx', 'onnx_tracer'])
def test_file_computes_any_number_of_crops(tmp_path, name, write, run,
                                           packages):
    for package in packages:
        pytest.importorskip(package)
    model = randomize(MODELS[name]())
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the old tracer is about to go
        write(model, torch.randn(2, 3, *SIZE), tmp_path / 'file.pt2')
    computes = run(tmp_path / 'file.pt2')
    for num in (1, 2, 5):
        x = torch.randn(num, 3, *SIZE)
        with torch.no_grad():
            expected = model(x, None)
        assert expected.std() > .01
        torch.testing.assert_close(
            computes(x), expected, rtol=0,
            atol=1e-5 * float(expected.abs().max()))
