# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from vitpose_tools import Predictor
from vitpose_tools.predict import PredictError
from vitpose_tools.predict.crops import cut, place
from vitpose_tools.predict.exported import open_export

BOXES = np.array([[10, 5, 50, 65], [-8, 0, 60, 40.5]], np.float32)


def test_predictor_runs_a_file(write_onnx):
    image = np.random.default_rng(0).integers(
        0, 256, (9, 12, 3)).astype(np.uint8).repeat(9, 0).repeat(9, 1)
    predictor = Predictor(write_onnx())

    poses = predictor(image, BOXES)

    network = open_export(write_onnx())
    places = place(BOXES, network.crop)
    keypoints, scores = network.locate(
        cut(image, places, network.crop), places.centers, places.scales)
    np.testing.assert_allclose(poses.keypoints, keypoints, atol=1e-3)
    np.testing.assert_allclose(poses.scores, scores, rtol=1e-5)
    assert poses.skeleton.names == ('blue', 'green', 'red')
    assert predictor.description == (
        'pool.onnx, float32, without flip test, ONNX Runtime on cpu')


def test_a_lock_of_mmengine_is_not_waited_for(write_onnx, while_locked):
    predictor = Predictor(write_onnx())
    image = np.zeros((80, 100, 3), np.uint8)
    assert len(while_locked(lambda: predictor(image, BOXES)).keypoints) == 2


@pytest.mark.parametrize('asked, words', [
    (dict(dataset='coco'), 'exported with dataset=dots, not coco'),
    (dict(dtype='bfloat16'), 'dtype=float32, not bfloat16'),
    (dict(flip=True), 'flip=False, not True'),
    (dict(checkpoint='w.pth'), 'holds its weights'),
    (dict(device='cuda'), 'runs on the CPU')])
def test_what_an_export_has_decided_stays(write_onnx, asked, words):
    with pytest.raises(PredictError, match=words):
        Predictor(write_onnx(), **asked)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PredictError, match='m.onnx: there is no such file'):
        Predictor(tmp_path / 'm.onnx')
