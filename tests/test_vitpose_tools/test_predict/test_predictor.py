# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmpose.apis import inference_bottomup, inference_topdown, init_model
from PIL import Image

from vitpose_tools import Predictor
from vitpose_tools.predict import PredictError
from vitpose_tools.predict.frame import Boxes
from vitpose_tools.predict.inputs import Unreadable
from .conftest import PLAIN, SMOOTH

FLIP = 'model = dict(test_cfg=dict(flip_test={}))\n'
WARP = """
test_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale', padding=1.1),
    dict(type='TopdownAffine', input_size=(96, 128), use_udp={}),
    dict(type='PackPoseInputs')]))
"""
# The last ones reach beyond the image, and are one pixel large.
BOXES = np.array([[100, 80, 300, 400], [20.5, 30.25, 90, 310],
                  [-50, -20, 200, 100], [200, 200, 201, 201]], np.float32)


def stock(config, weights, image, boxes, flip):
    model = init_model(str(config), str(weights), 'cpu')
    model.test_cfg['flip_test'] = flip
    samples = inference_topdown(model, str(image), boxes)
    return (np.concatenate([s.pred_instances.keypoints for s in samples]),
            np.concatenate([s.pred_instances.keypoint_scores
                            for s in samples]))


@pytest.mark.parametrize('codec, atol', [
    (f'model = dict(head=dict(decoder={PLAIN}))\n', 1e-3), (SMOOTH, 0.05)],
    ids=['plain', 'refined'])
@pytest.mark.parametrize('use_udp', [True, False])
@pytest.mark.parametrize('flip', [True, False])
def test_keypoints_are_those_of_mmpose(trained, real_data, codec, atol,
                                       use_udp, flip):
    config, weights = trained(text=codec + WARP.format(use_udp))
    image = real_data / 'coco' / '000000000785.jpg'
    keypoints, scores = stock(config, weights, image, BOXES, flip)
    poses = Predictor(config, weights, flip=flip, batch_size=3)(image, BOXES)
    np.testing.assert_allclose(poses.keypoints, keypoints, atol=atol)
    np.testing.assert_allclose(poses.scores, scores, atol=1e-5)
    np.testing.assert_array_equal(poses.boxes, BOXES)
    assert poses.source == str(image) and poses.size == (640, 425)
    assert len(poses.skeleton.names) == poses.keypoints.shape[1] == 17


PLAIN_HEAD = f'model = dict(head=dict(decoder={PLAIN}))\n'
BOX = [[10., 5., 50., 45.]]


@pytest.fixture
def predictor(trained):
    return Predictor(*trained(text=PLAIN_HEAD), batch_size=4)


def test_a_model_that_leaves_keypoints_out_is_refused(trained):
    config, weights = trained(text='model = dict(test_cfg=dict('
                              'output_keypoint_indices=[0, 5]))\n')
    with pytest.raises(PredictError, match=r'config\S*: test_cfg.output_'
                       r'keypoint_indices=\[0, 5\] leaves keypoints out'):
        Predictor(config, weights)


def test_a_head_that_would_stay_random_is_refused(trained):
    config, weights = trained()
    checkpoint = torch.load(weights, weights_only=False)
    checkpoint['state_dict'] = {
        name: tensor for name, tensor in checkpoint['state_dict'].items()
        if not name.startswith('head.')}
    torch.save(checkpoint, weights)
    with pytest.raises(PredictError, match='weights.pth does not fit the '
                       r'head .* head\..* stay random'):
        Predictor(config, weights)


def test_a_lock_of_mmengine_is_not_waited_for(predictor, while_locked):
    image = np.zeros((80, 100, 3), np.uint8)
    assert len(while_locked(lambda: predictor(image, BOX)).keypoints) == 1


def test_turned_and_deep_pictures_are_seen_as_mmpose_sees_them(
        trained, real_data, tmp_path):
    config, weights = trained(text=PLAIN_HEAD)
    image = Image.open(real_data / 'coco' / '000000000785.jpg')
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / 'gedreht ä.jpg', exif=exif)
    grey = np.asarray(image.convert('L')).astype(np.uint16) * 250
    cv2.imwrite(str(tmp_path / 'deep.png'), grey)
    predictor = Predictor(config, weights)
    for name in ('gedreht ä.jpg', 'deep.png'):
        keypoints, scores = stock(config, weights, tmp_path / name, BOXES[:2],
                                  predictor.opened.network.flip)
        poses = predictor(tmp_path / name, BOXES[:2])
        np.testing.assert_allclose(poses.keypoints, keypoints, atol=1e-3)
        np.testing.assert_allclose(poses.scores, scores, atol=1e-5)


def test_all_kinds_of_images_give_the_same(predictor, real_data, tmp_path):
    path = real_data / 'coco' / '000000000785.jpg'
    image = cv2.imread(str(path))
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    expected = predictor(path, BOXES)
    for one in (image, torch.from_numpy(rgb).permute(2, 0, 1),
                Image.fromarray(rgb)):
        poses = predictor(one, BOXES)
        np.testing.assert_allclose(poses.keypoints, expected.keypoints,
                                   atol=1e-3)
        np.testing.assert_array_equal(poses.image, image)
    for many in ([path, path], (image for _ in range(2)),
                 np.stack((image, image))):
        found = predictor(many, [BOXES, BOXES[1:2]])
        assert [len(poses) for poses in found] == [4, 1]
        np.testing.assert_allclose(found[1].keypoints, expected.keypoints[1:2],
                                   atol=1e-3)
    assert predictor([path], [BOXES])[0].image is None
    assert predictor([image], [BOXES])[0].image is image


def test_frames_of_a_video_come_one_by_one(predictor, write_video):
    path = write_video(frames=9)
    stream = predictor.stream(path, np.array(BOX))
    first = next(stream)
    assert first.frame == 0 and first.image.shape == (48, 64, 3)
    assert [poses.frame for poses in stream] == list(range(1, 9))
    assert len(predictor(path, np.array(BOX))) == 9
    seen = []

    def find(frame):
        seen.append(frame.index)
        return Boxes(np.array(BOX * frame.index).reshape(-1, 4),
                     np.ones(frame.index), np.arange(frame.index))

    found = predictor(path, find)
    assert seen == list(range(9)) and len(found[5]) == 5
    assert found[5].track_ids.tolist() == list(range(5))


def test_nothing_gives_nothing(predictor, real_data):
    assert predictor([], []) == []
    poses = predictor(real_data / 'coco' / '000000000785.jpg', [])
    assert poses.keypoints.shape == (0, 17, 2) and len(poses) == 0
    whole = predictor(np.zeros((8, 9, 3), np.uint8), 'whole-image')
    assert whole.boxes.tolist() == [[0, 0, 9, 8]]


def test_unreadable_images_end_a_call_and_not_a_stream(predictor, tmp_path):
    (tmp_path / 'a.jpg').touch()
    good = np.zeros((8, 9, 3), np.uint8)
    images = [good, tmp_path / 'a.jpg', good]
    with pytest.raises(PredictError, match='a.jpg.*it is empty'):
        predictor(images, 'whole-image')
    unreadable = []
    assert len(list(predictor.stream(images, 'whole-image',
                                     unreadable))) == 2
    (one, ) = unreadable
    assert isinstance(one, Unreadable) and one.source.endswith('a.jpg')


@pytest.mark.parametrize('boxes, reason', [
    (None, "boxes='whole-image'"), ('whole', "'whole' is not 'whole-image'"),
    ([BOX], 'boxes of 1 images, but more'),
    ([BOX] * 3, 'boxes of more than the 2 images'),
    ([BOX, [[0, 0, 0, 5]]], 'of image 1 has no area')])
def test_wrong_boxes_are_one_sentence(predictor, boxes, reason):
    with pytest.raises(PredictError, match=reason):
        predictor([np.zeros((50, 60, 3), np.uint8)] * 2, boxes)


def test_half_precision_is_close(trained, real_data):
    config, weights = trained(text=SMOOTH)
    path = real_data / 'coco' / '000000000785.jpg'
    exact = Predictor(config, weights)(path, BOXES)
    half = Predictor(config, weights, dtype='bfloat16')
    assert 'bfloat16' in half.description
    np.testing.assert_allclose(half(path, BOXES).scores, exact.scores,
                               atol=0.05)
    plain = Predictor(*trained(text=PLAIN_HEAD), dtype='bfloat16')
    assert np.isfinite(plain(path, BOXES).keypoints).all()


JOINT = 'td-hm_ViTPose-plus-tiny*'
PLAIN_HEADS = 'model = dict(heads=dict(' + ', '.join(
    f'{name}=dict(decoder={PLAIN})' for name in
    ('coco', 'aic', 'mpii', 'ap10k', 'coco_wholebody')) + '))\n'


@pytest.mark.parametrize('dataset, count', [('ap10k', 17), ('mpii', 16),
                                            ('coco_wholebody', 133)])
def test_a_joint_model_finds_the_keypoints_of_a_dataset(
        trained, real_data, dataset, count):
    config, weights = trained(JOINT, PLAIN_HEADS)
    image = real_data / 'ap10k' / '000000037516.jpg'
    poses = Predictor(config, weights, dataset=dataset, flip=True)(
        image, BOXES)
    assert poses.skeleton.dataset == dataset
    assert len(poses.skeleton.names) == count
    # MMPose's pipeline, by the way of the dataset in the whole model.
    model = init_model(str(config), str(weights), 'cpu', dict(model=dict(
        test_cfg=dict(dataset=dataset, flip_test=True))))
    model.cfg.test_dataloader.dataset.pipeline = \
        model.cfg.test_dataloader.dataset.datasets[0].pipeline
    samples = inference_topdown(model, str(image), BOXES)
    scores = np.concatenate([each.pred_instances.keypoint_scores
                             for each in samples])
    np.testing.assert_allclose(poses.scores, scores, atol=1e-5)
    keypoints = np.concatenate([each.pred_instances.keypoints
                                for each in samples])
    np.testing.assert_allclose(poses.keypoints, keypoints, atol=1e-3)


@pytest.mark.parametrize('dataset, reason', [
    (None, 'choose the dataset .* coco, aic, mpii, ap10k, coco_wholebody'),
    ('halpe', "knows no dataset 'halpe'")])
def test_a_joint_model_needs_one_of_its_datasets(trained, dataset, reason):
    with pytest.raises(PredictError, match=reason):
        Predictor(*trained(JOINT), dataset=dataset)


def test_another_dataset_of_a_plain_model_is_refused(trained):
    with pytest.raises(PredictError, match="keypoints of 'coco', not of"):
        Predictor(*trained(), dataset='ap10k')


def test_a_bottom_up_model_waits_for_no_lock_of_mmengine(
        trained, while_locked):
    predictor = Predictor(*trained('ae_ViTPose-tiny*crowd*'))
    image = np.zeros((80, 100, 3), np.uint8)
    assert while_locked(lambda: predictor(image)).size == (100, 80)


def test_a_bottom_up_model_needs_no_boxes(trained, real_data):
    config, weights = trained('ae_ViTPose-tiny*crowd*')
    image = real_data / 'coco' / '000000000785.jpg'
    predictor = Predictor(config, weights)
    poses, nobody = predictor([image, np.zeros((64, 64, 3), np.uint8)])
    sample, = inference_bottomup(
        init_model(str(config), str(weights), 'cpu'), str(image))
    assert len(poses) == len(sample.pred_instances.keypoints)
    np.testing.assert_allclose(
        poses.keypoints, sample.pred_instances.keypoints, atol=1e-3)
    np.testing.assert_allclose(
        poses.scores, sample.pred_instances.keypoint_scores, atol=1e-5)
    np.testing.assert_allclose(poses.boxes[:, :2], poses.keypoints.min(1))
    assert nobody.keypoints.shape[1:] == (17, 2)
    with pytest.raises(PredictError, match='finds its people itself'):
        predictor(image, BOXES)


def test_a_folder_of_finetune_is_a_model(trained, tmp_path):
    config, weights = trained()
    run = tmp_path / 'run'
    with pytest.raises(PredictError, match='run holds no training'):
        Predictor(tmp_path)
    run.mkdir()
    weights.rename(run / 'best_coco_AP_epoch_3.pth')
    poses = Predictor(tmp_path)(np.zeros((50, 60, 3), np.uint8),
                                'whole-image')
    assert len(poses) == 1
    with pytest.raises(PredictError, match='holds no config.py'):
        Predictor(run)


@pytest.mark.parametrize('make, reason', [
    (lambda config, weights: dict(model=config), 'give its weights too'),
    (lambda config, weights: dict(model='absent.py', checkpoint=weights),
     'absent.py: there is no such config'),
    (lambda config, weights: dict(model=config, checkpoint=weights,
                                  batch_size=0), 'batch_size=0'),
])
def test_what_is_no_model_is_one_sentence(trained, make, reason):
    with pytest.raises(PredictError, match=reason):
        Predictor(**make(*trained()))


def test_a_pipeline_with_other_steps_is_refused(trained):
    text = WARP.format(True).replace("dict(type='PackPoseInputs')", (
        "dict(type='Albumentation', transforms=[]), "
        "dict(type='PackPoseInputs')"))
    with pytest.raises(PredictError, match='by Albumentation, which predict'):
        Predictor(*trained(text=text))
    text = WARP.format(True).replace("'LoadImage'", (
        "'LoadImage', color_type='unchanged'"))
    with pytest.raises(PredictError, match=r'LoadImage\(color_type=...\)'):
        Predictor(*trained(text=text))
