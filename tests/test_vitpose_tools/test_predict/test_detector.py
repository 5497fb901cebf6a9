# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path

import mmdet
import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector
from mmengine.registry import DefaultScope

from vitpose_tools.predict.detector import Detector, DetectorError, choose
from vitpose_tools.predict.frame import Frame

STOCK = Path(mmdet.__file__).parent / (
    '.mim/configs/rtmdet/rtmdet_tiny_8xb32-300e_coco.py')
# Smaller images and fewer candidates, for time.
CHANGES = """
model = dict(test_cfg=dict(nms_pre=100, max_per_img=30))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(128, 128), keep_ratio=True),
    dict(type='Pad', size=(128, 128), pad_val=dict(img=(114, 114, 114))),
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""


@pytest.fixture(scope='module')
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (90, 120, 3), np.uint8)


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp('config') / 'rtmdet.py'
    path.write_text(f'_base_ = [{str(STOCK)!r}]\n{CHANGES}')
    return path


@pytest.fixture(scope='module')
def weights(tmp_path_factory, config):
    """A checkpoint as MMDetection writes it, of random weights that are sure
    of themselves."""
    torch.manual_seed(0)
    model = Detector(config, None, device='cpu').model
    for conv in model.bbox_head.rtm_cls:
        torch.nn.init.normal_(conv.weight, std=.3)
        torch.nn.init.constant_(conv.bias, -9.)
        torch.nn.init.constant_(conv.bias[1:3], 0.)
    path = tmp_path_factory.mktemp('weights') / 'dét.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict(
        dataset_meta=dict(CLASSES=tuple(
            ['rat', 'person', 'dog'] + [f'c{n}' for n in range(77)])))), path)
    return path


def test_boxes_are_those_of_mmdetection(config, weights, image):
    DefaultScope.get_instance('test', scope_name='mmpose')
    detector = Detector(config, weights, device='cpu', min_score=.5,
                        category='dog')
    # The pose model goes on in its own scope, and the detector beside it.
    assert DefaultScope.get_current_instance().scope_name == 'mmpose'
    boxes = detector(Frame(image, 'a.jpg'))
    with DefaultScope.overwrite_default_scope('mmdet'):
        truth = inference_detector(detector.model, image).pred_instances
    own = (truth.labels == 2) & (truth.scores >= .5)
    assert 0 < own.sum() < len(own)
    np.testing.assert_allclose(boxes.xyxy, truth.bboxes[own], rtol=1e-4,
                               atol=1e-3)
    np.testing.assert_allclose(boxes.scores, truth.scores[own], rtol=1e-4)
    assert boxes.track_ids is None


def test_a_lock_of_mmengine_is_not_waited_for(config, weights, image,
                                              while_locked):
    detector = Detector(config, weights, device='cpu', min_score=.5)
    assert len(while_locked(lambda: detector(Frame(image, 'a.jpg'))).xyxy)


def test_a_video_is_looked_at_every_third_frame(config, weights, image):
    pytest.importorskip('trackers')
    detector = Detector(config, weights, every=3, device='cpu', min_score=.5)
    looked, detect = [], detector.detect
    detector.follow.find = lambda frame: looked.append(frame.index) or \
        detect(frame)
    results = [detector(Frame(image, 'a.mp4', index, 25.))
               for index in range(5)]
    assert looked == [0, 3]
    assert len(results[0].xyxy)
    for boxes in results[1:]:
        # A still picture: the same people in the same places.
        np.testing.assert_allclose(boxes.xyxy, results[0].xyxy, atol=1e-3)
        assert boxes.track_ids.tolist() == results[0].track_ids.tolist()


def test_categories_are_names_or_numbers():
    classes = ['rat', 'person', 'dog']
    assert choose(None, classes, 'it') == 1
    assert choose('dog', classes, 'it') == choose('2', classes, 'it') == 2
    assert choose(0, classes, 'it') == choose(None, ['rat'], 'it') == 0
    with pytest.raises(DetectorError, match="it has no category 'cat'; it "
                       'finds 0 rat, 1 person, 2 dog'):
        choose('cat', classes, 'it')
    with pytest.raises(DetectorError, match='no category 3'):
        choose(3, classes, 'it')
    with pytest.raises(DetectorError, match='it finds 0 a, 1 b; choose a cat'):
        choose(None, ['a', 'b'], 'it')


def test_what_is_no_detector_is_named(tmp_path, config):
    with pytest.raises(DetectorError, match='absent.py, the config of the '
                       'detector, does not exist'):
        Detector(tmp_path / 'absent.py', None)
    faulty = tmp_path / 'faulty.py'
    faulty.write_text('model = 3')
    with pytest.raises(DetectorError, match='faulty.py was not built'):
        Detector(faulty, None, device='cpu')
    with pytest.raises(DetectorError, match='absent.pth'):
        Detector(config, tmp_path / 'absent.pth', device='cpu')
    with pytest.raises(DetectorError, match='min_score of 7'):
        Detector(config, None, min_score=7)
