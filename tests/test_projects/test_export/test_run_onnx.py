# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The example without PyTorch finds what MMPose finds."""
import json
import runpy
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine
from mmpose.models import build_pose_estimator

from vitpose_tools.export import Exporter, Wish

# Importing these fails, as where they are not installed.
BLOCK = """
import runpy, sys
for name in ('torch', 'mmpose', 'mmengine', 'mmcv', 'vitpose_mm',
             'vitpose_tools'):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


# Heatmaps of random weights are smooth with this decoder, so that peaks can
# be refined.
SMOOTH = """
model = dict(
    backbone=dict(patch_size=16),
    neck=dict(type='FeatureMapProcessor', scale_factor=4.),
    head=dict(deconv_out_channels=None, deconv_kernel_sizes=None,
              final_layer=dict(kernel_size=3, padding=1)))
"""


@pytest.fixture
def script(repo):
    pytest.importorskip('onnxruntime')
    return repo / 'projects' / 'export' / 'run_onnx.py'


@pytest.mark.parametrize('use_udp', [True, False])
def test_crops_are_mmpose_s(script, use_udp):
    parts = runpy.run_path(str(script))
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    for box in ([10., 20., 60., 70.5], [-9, 4, 200, 44], [30, 1, 34, 88]):
        known = TopdownAffine((48, 64), use_udp=use_udp)(
            GetBBoxCenterScale(padding=1.3)(dict(
                img=image, bbox=np.array([box], np.float32))))

        center, scale = parts['place'](box, (48, 64), 1.3)
        crop = parts['cut'](image, center, scale, (48, 64), use_udp)

        np.testing.assert_allclose(center, known['input_center'], rtol=1e-6)
        np.testing.assert_allclose(scale, known['input_scale'], rtol=1e-6)
        assert np.abs(crop.astype(int) - known['img']).max() <= 1


@pytest.mark.slow
def test_example_needs_no_pytorch(script, repo, fill, tmp_path):
    """And its keypoints are those of inference_topdown."""
    pytest.importorskip('onnxscript')
    base, = (repo / 'configs' / 'quickstart').glob(
        'td-hm_ViTPose-tiny*synth*')
    config, weights = tmp_path / 'config.py', tmp_path / 'weights.pth'
    config.write_text(f'_base_ = [{str(base)!r}]\n{SMOOTH}')
    model = fill(build_pose_estimator(Config.fromfile(config).model))
    model.head.final_layer.weight.data /= 10
    model.head.final_layer.bias.data.fill_(1.)
    torch.save(dict(state_dict=model.state_dict()), weights)
    model = init_model(str(config), str(weights), device='cpu', cfg_options={
        'model.test_cfg': dict(flip_test=True)})
    Exporter(config, str(weights)).write(
        Wish('onnx', decode=True, flip=True), tmp_path / 'm.onnx')
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (160, 120))
    picture = tmp_path / 'picture.png'
    cv2.imwrite(str(picture), image)
    box = [20., 10., 90., 110.]

    done = subprocess.run(
        [sys.executable, '-c', BLOCK, str(script), str(tmp_path / 'm.onnx'),
         str(picture), ','.join(map(str, box)), '--out',
         str(tmp_path / 'drawn.png')],
        capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    person, = json.loads(done.stdout)
    instances = inference_topdown(model, image, [box])[0].pred_instances
    found = np.array(list(person.values()))
    # Of random heatmaps a few have hardly a curvature, and their steps hang on
    # the last digits.
    distances = np.abs(found[:, :2] - instances.keypoints[0])
    assert np.quantile(distances, .9) < .02
    np.testing.assert_allclose(found[:, 2], instances.keypoint_scores[0],
                               atol=.02)
    assert list(person)[:2] == ['nose', 'left_eye']
    assert cv2.imread(str(tmp_path / 'drawn.png')).shape == image.shape
