# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The query decoder from image file to people, with MMPose's own parts around
it."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.utils import digit_version
from mmpose.apis import MMPoseInferencer
from mmpose.registry import DATASETS, MODELS

from vitpose_mm.models.query_pose.people import People

OVERFIT = 'configs/quickstart/' \
    'query_ViTPose-tiny_1xb4-200e_coco-overfit-384x384.py'
COCO = 'configs/body_2d_keypoint/query_pose/coco/' \
    'query_ViTPose-small_8xb4-72e_coco-640x640.py'
ARCH = dict(embed_dim=32, depth=2, num_heads=2, mlp_ratio=2)


@pytest.fixture
def config(repo, monkeypatch, real_data):
    """The overfit config, with a smaller model."""
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))
    config = Config.fromfile(repo / OVERFIT)
    config.model.backbone.arch = ARCH
    config.model.neck.update(in_channels=32, out_channels=32)
    config.model.head.update(in_channels=32, num_layers=2, num_queries=9)
    return config


@pytest.fixture
def weights(config, tmp_path):
    """Untrained, in a file."""
    path = tmp_path / 'model.pth'
    model = MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict(), meta=dict()), path)
    return str(path)


def test_training_samples_of_coco_are_complete(repo, real_data):
    config = Config.fromfile(repo / COCO).train_dataloader.dataset
    config.update(
        data_root=str(real_data / 'coco'),
        ann_file='test_coco.json',
        data_prefix=dict(img=''))
    dataset = DATASETS.build(config)
    assert len(dataset) == 4
    people = 0
    for _ in range(3):
        for index in range(4):
            sample = dataset[index]
            labels = sample['data_samples'].gt_instance_labels
            assert sample['inputs'].shape == (3, 640, 640)
            assert sample['data_samples'].gt_fields.heatmap_mask.shape == (
                1, 640, 640)
            points = labels.keypoint_labels[labels.keypoint_weights > 0]
            assert ((points >= 0) & (points < 640)).all()
            assert (labels.keypoint_weights.sum(1) > 0).all()
            people += len(labels.areas)
    assert people > 3 * 6


def test_metric_of_perfect_people_is_one(config):
    """Labels, head, estimator and stock metric agree, on real people."""
    model = MODELS.build(config.model).eval()
    labels = DATASETS.build(config.train_dataloader.dataset)
    images = DATASETS.build(config.val_dataloader.dataset)
    evaluator = Evaluator(config.val_evaluator)
    evaluator.dataset_meta = images.metainfo
    for index in range(4):
        own = labels[index]['data_samples'].gt_instance_labels
        number = len(own.areas)
        # Somebody who is not there comes first, but is not sure.
        keypoints = torch.cat([torch.rand(1, 17, 2) * 300,
                               own.keypoint_labels])[None]
        logits = torch.full((1, 1 + number), 5.)
        logits[0, 0] = -5
        people = People(keypoints, logits, torch.zeros(1, 1 + number, 17))
        model.head.refine = lambda *_: SimpleNamespace(layers=[people])
        data = pseudo_collate([images[index]])
        with torch.no_grad():
            evaluator.process(model.test_step(data), data)
    scores = evaluator.evaluate(4)
    assert scores['coco/AP'] == scores['coco/AR'] == pytest.approx(1)


def test_images_of_several_sizes_share_a_batch(config):
    config.val_pipeline[1].update(resize_mode='expand', size_factor=32)
    config.val_dataloader.dataset.pipeline = config.val_pipeline
    images = DATASETS.build(config.val_dataloader.dataset)
    data = pseudo_collate([images[index] for index in range(4)])
    assert len({image.shape for image in data['inputs']}) > 1
    model = MODELS.build(config.model).eval()
    # People stay at the centres of their cells.
    layer = model.head.skeletons.keypoints.pose[-1]
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    with torch.no_grad():
        found = model.test_step(data)
    for sample in found:
        h, w = sample.ori_shape
        keypoints = sample.pred_instances.keypoints
        assert keypoints.shape == (9, 17, 2)
        # What BottomupResize pads is less than a cell's size.
        assert (keypoints >= -1).all()
        assert (keypoints <= np.array([w, h]) + 64).all()


@pytest.mark.parametrize('bbox_thr, people', [(-1., 9), (1., 0)])
def test_inferencer_needs_no_detector(config, weights, tmp_path, bbox_thr,
                                      people):
    path = str(tmp_path / 'config.py')
    config.dump(path)
    inferencer = MMPoseInferencer(path, weights, device='cpu')
    image = np.random.default_rng(0).integers(0, 255, (90, 60, 3), np.uint8)
    result = next(
        inferencer(image, bbox_thr=bbox_thr, out_dir=str(tmp_path / 'out')))
    found, = result['predictions']
    assert len(found) == people
    assert all(np.isfinite(person['keypoints']).all() for person in found)
    assert list((tmp_path / 'out' / 'visualizations').glob('*'))


def test_vitpose_mm_predict_needs_no_boxes(config, weights, tmp_path):
    from vitpose_tools.predict import Predictor
    path = tmp_path / 'config.py'
    config.dump(path)
    image = np.random.default_rng(0).integers(0, 255, (90, 60, 3), np.uint8)
    poses = Predictor(path, weights, device='cpu')(image)
    assert poses.keypoints.shape[1:] == (17, 2)
    assert np.isfinite(poses.boxes).all()


@pytest.fixture
def model(config, fill):
    config.model.backbone.img_size = (96, 64)
    return fill(MODELS.build(config.model))


def check_equal(found, expected):
    """People in any order of equals: cells may have equal scores."""
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'),
    reason='an older torch exports nothing')
def test_exported_files_compute_the_same(model, tmp_path):
    pytest.importorskip('onnxscript')
    runtime = pytest.importorskip('onnxruntime')
    images, other = torch.randn(2, 1, 3, 96, 64)
    path = str(tmp_path / 'model.onnx')
    program = torch.export.export(model, (images, None))
    torch.onnx.export(program, f=path, dynamo=True, verbose=False)
    session = runtime.InferenceSession(path)
    by_onnx = session.run(None, {session.get_inputs()[0].name: other.numpy()})
    with torch.no_grad():
        expected = [part.numpy() for part in model(other, None)]
        by_program = program.module()(other, None)
    for found in (by_program, by_onnx):
        for ours, theirs in zip(found, expected):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
