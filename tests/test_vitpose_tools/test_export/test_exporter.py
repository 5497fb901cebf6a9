# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What files compute against inference_topdown of MMPose."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmengine.utils import digit_version
from mmpose.apis import inference_topdown, init_model
from mmpose.models import build_pose_estimator
from mmpose.structures import PoseDataSample

from vitpose_tools.export import Exporter, Wish, exporter
from vitpose_tools.export.compare import Tolerance
from vitpose_tools.export.wish import check_wish
from vitpose_tools.predict.crops import cut, place
from vitpose_tools.predict.exported import ExportError, open_export

BOXES = np.array([[10, 5, 90, 120], [-20, 30, 60, 70], [40, 0, 140, 100.5]],
                 np.float32)
SUFFIX = {'onnx': '.onnx', 'openvino': '.xml', 'torch-export': '.pt2'}
PACKAGES = {'onnx': ('onnx', 'onnxscript', 'onnxruntime'),
            'openvino': ('openvino', ), 'torch-export': ()}

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.10'),
    reason='older programs are other archives')


def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (10, 14, 3)).astype(np.uint8)
    return coarse.repeat(12, 0).repeat(12, 1)


def expected(config: Path, weights: Path, flip: bool) -> tuple:
    model = init_model(str(config), str(weights), device='cpu', cfg_options={
        'model.test_cfg': dict(flip_test=flip)})
    people = [sample.pred_instances for sample in inference_topdown(
        model, picture(), BOXES)]
    return (np.concatenate([each.keypoints for each in people]),
            np.concatenate([each.keypoint_scores for each in people]))


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize('to, decode, flip', [
    ('torch-export', True, True), slow('torch-export', False, False),
    slow('onnx', True, True), slow('onnx', False, False),
    slow('openvino', True, True), slow('openvino', False, False)])
def test_a_file_gives_what_mmpose_gives(small, tmp_path, monkeypatch, to,
                                        decode, flip):
    monkeypatch.chdir(tmp_path)  # where no quickstart has drawn its data
    for package in PACKAGES[to]:
        pytest.importorskip(package)
    config, weights = small()
    out = tmp_path / f'ü m{SUFFIX[to]}'

    result = Exporter(config, str(weights)).write(
        Wish(to, decode, flip), out)

    assert result.passed and 'drawn people' in result.crops
    assert len(list(tmp_path.glob('.*'))) == 0
    network = open_export(out, threads=1)
    places = place(BOXES, network.crop)
    crops = cut(picture(), places, network.crop)
    keypoints, scores = network.locate(crops, places.centers, places.scales)
    points, confidences = expected(config, weights, flip)
    assert points.std() > 10
    # Of random heatmaps a few have hardly a curvature, and their steps hang on
    # the last digits.
    distances = np.abs(keypoints - points)
    assert np.quantile(distances, .95) < .005 and distances.max() < .5
    np.testing.assert_allclose(scores, confidences, rtol=1e-4)
    # Nothing of this machine but what the config itself says.
    own = str(Path(exporter.__file__).parent).encode()
    for file in (out, out.with_suffix('.bin')):
        assert not file.exists() or own not in file.read_bytes()
    assert network.card.flip is flip
    assert network.crop.padding == 1.2


def test_a_dataset_of_a_joint_model_is_folded(repo, fill, tmp_path):
    """With its expert, head, skeleton and way to flip."""
    base, = (repo / 'configs' / 'quickstart').glob('*plus-tiny*')
    config, weights = tmp_path / 'config.py', tmp_path / 'weights.pth'
    config.write_text(
        f'_base_ = [{str(base)!r}]\nmodel = dict(test_cfg=dict(heads=dict('
        'aic=dict(shift_heatmap=True))))\n')
    model = fill(build_pose_estimator(Config.fromfile(config).model))
    torch.save(dict(state_dict=model.state_dict()), weights)
    out = tmp_path / 'm.pt2'

    Exporter(config, str(weights), 'aic').write(
        Wish('torch-export', flip=True), out)

    network = open_export(out)
    crops = cut(picture(), place(BOXES, network.crop), network.crop)
    found, = network.session.run(dict(crops=crops))
    assert network.skeleton.dataset == 'aic' and found.shape[1] == 14
    joint = init_model(str(config), str(weights), device='cpu', cfg_options={
        'model.test_cfg': dict(dataset='aic', flip_test=True,
                               output_heatmaps=True)})
    meta = dict(
        flip_indices=joint.dataset_meta['flip_indices'], dataset_name='aic',
        input_size=network.crop.input_size, input_center=np.zeros(2),
        input_scale=np.ones(2))
    samples = [PoseDataSample(metainfo=meta) for _ in crops]
    for sample in samples:
        sample.gt_instances = InstanceData(
            bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    with torch.no_grad():
        results = joint.test_step(dict(
            inputs=list(torch.from_numpy(crops).permute(0, 3, 1, 2)),
            data_samples=samples))
    expected = np.stack([sample.pred_fields.heatmaps.numpy()
                         for sample in results])
    assert expected.std() > .001
    np.testing.assert_allclose(found, expected,
                               atol=1e-4 * np.abs(expected).max())
    assert out.stat().st_size < .7 * weights.stat().st_size


def test_asked_names_become_a_plain_convolution(repo, fill, tmp_path):
    base, = (repo / 'configs' / 'quickstart').glob('*plus-named-tiny*')
    config, weights = tmp_path / 'config.py', tmp_path / 'weights.pth'
    config.write_text(
        f'_base_ = [{str(base)!r}]\nmodel = dict(test_cfg=dict(names=['
        "'nose', 'left knee'], dataset='aic'))\n")
    model = fill(build_pose_estimator(Config.fromfile(config).model))
    torch.save(dict(state_dict=model.state_dict()), weights)
    exporter = Exporter(config, str(weights))
    assert exporter.reference.skeleton.names == ('nose', 'left knee')
    assert type(exporter.head.final_layer) is torch.nn.Conv2d
    x = torch.randn(2, 3, 128, 96)
    with torch.no_grad():
        found, expected = exporter.model(x, None), model(x, None)
    assert expected.std() > .001
    torch.testing.assert_close(
        found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    with pytest.raises(ExportError, match="lacks 'right knee'"):
        exporter.write(Wish('torch-export', flip=True), tmp_path / 'm.pt2')


def test_what_parts_from_pytorch_is_not_written(small, tmp_path,
                                                monkeypatch):
    config, weights = small()
    out = tmp_path / 'new' / 'm.pt2'
    plain = exporter.CropNetwork.forward

    def wrong(self, crops):
        heatmaps = plain(self, crops)
        return torch.cat((heatmaps[:, :1].flip(-1), heatmaps[:, 1:]), 1)

    monkeypatch.setattr(exporter.CropNetwork, 'forward', wrong)
    with pytest.raises(ExportError, match='m.pt2 is not written, because it '
                       'computes something else') as error:
        Exporter(config, str(weights)).write(Wish('torch-export'), out)

    assert error.value.result.rows[0].name == 'nose'
    assert list(out.parent.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize('to', ['onnx', 'openvino'])
def test_int8_is_near(small, tmp_path, to, monkeypatch):
    for package in (*PACKAGES[to], *(['nncf'] if to == 'openvino' else [])):
        pytest.importorskip(package)
    monkeypatch.setattr(exporter, 'CALIBRATED', 24)
    # Random weights have flat heatmaps, whose peaks int8 moves far.
    monkeypatch.setitem(exporter.TOLERANCES, 'int8',
                        Tolerance(6., np.inf, 40., .1))
    config, weights = small()
    result = Exporter(config, str(weights)).write(
        Wish(to, decode=True, dtype='int8'), tmp_path / f'm{SUFFIX[to]}')

    assert result.calibration == 24
    assert result.rows[0].median > 0  # it is not float32


@pytest.mark.parametrize('wish, name, words', [
    (Wish('onnx', dtype='bfloat16'), 'm.onnx', 'no bfloat16'),
    (Wish('torch-export', dtype='int8'), 'm.pt2', '--to openvino'),
    (Wish('onnx'), 'm.xml', 'must end in .onnx'),
    (Wish('openvino'), 'm.onnx', 'must end in .xml')])
def test_what_no_runtime_computes_is_refused(tmp_path, wish, name, words):
    with pytest.raises(ExportError, match=words):
        check_wish(wish, tmp_path / name)


# Later lines of a config replace earlier ones.
MSRA = ("model['head']['decoder'] = dict(type='MSRAHeatmap', "
        'input_size=(48, 64), heatmap_size=(12, 16), sigma=2)\n')


def test_a_codec_that_no_graph_decodes_is_refused(small, tmp_path):
    config, weights = small(MSRA)
    one = Exporter(config, str(weights))

    with pytest.raises(ExportError, match='decoded by MSRAHeatmap'):
        one.write(Wish('torch-export', decode=True), tmp_path / 'm.pt2')
    result = one.write(Wish('torch-export'), tmp_path / 'm.pt2')
    assert result.passed
