# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from mmpose.registry import DATASETS, METRICS

FILES = dict(
    ann_file='data.json', camera_file='camera.json', joint_file='joint.json')
# A camera at (0, 0, -1000) that looks along z, turned by 90 degrees: what is
# to the right in the world is down in the image.
FOCAL, CENTRE = (1000., 500.), (160., 250.)


def world() -> np.ndarray:
    """42 joints in the plane z = 0: right hand, left hand."""
    joints = np.zeros((42, 3))
    joints[:, 0] = np.arange(42) * 2.
    joints[:, 1] = np.arange(42) % 21 * 3.
    return joints


def expected(joint: int) -> tuple:
    """Pinhole projection by hand, at a distance of 1000."""
    x, y, _ = world()[joint]
    return (1000. * -y / 1000. + 160., 500. * x / 1000. + 250.)


@pytest.fixture
def root(tmp_path):
    """Two images in the published form: both hands; a bad one alone."""
    full = [[1]] * 42
    # 11 joints of the right hand, 12 of the left, wrists included.
    few = [*[[1]] * 10, *[[0]] * 10, [1], *[[0]] * 5, *[[1]] * 11,
           *[[0]] * 4, [1]]
    no_wrist = [[1]] * 20 + [[0]] + [[0]] * 21
    images = [
        dict(id=7 + i, file_name=f'Capture3/cam/{i}.jpg', width=334,
             height=512, capture=3, camera='400026', frame_idx=9)
        for i in range(3)
    ]
    annotations = [
        dict(id=i, image_id=7 + i, bbox=[0, 0, 9, 9], joint_valid=valid,
             hand_type='interacting') for i, valid in enumerate(
                 [full, few, no_wrist])
    ]
    camera = dict(
        campos={'400026': [0., 0., -1000.]},
        camrot={'400026': [[0., -1., 0.], [1., 0., 0.], [0., 0., 1.]]},
        focal={'400026': FOCAL},
        princpt={'400026': CENTRE})
    contents = dict(
        ann_file=dict(images=images, annotations=annotations),
        camera_file={'3': camera},
        joint_file={'3': {'9': dict(world_coord=world().tolist())}})
    for key, name in FILES.items():
        (tmp_path / name).write_text(json.dumps(contents[key]))
    return tmp_path


def build(root, **options):
    return DATASETS.build(
        dict(type='InterHand2DDataset', data_root=str(root), **FILES,
             **options))


def test_each_valid_hand_is_a_sample(root):
    """12 valid joints are enough, 11 are not; no wrist, no hand."""
    dataset = build(root)

    assert [hand['img_id'] for hand in dataset] == [7, 7, 8]
    assert [hand['id'] for hand in dataset] == [0, 1, 2]
    assert [hand['num_keypoints'] for hand in dataset] == [21, 21, 12]


def test_joints_are_projected_into_the_image(root):
    right, left, _ = build(root)

    for hand, first in (right, 0), (left, 21):
        np.testing.assert_allclose(
            hand['keypoints'][0],
            [expected(joint) for joint in range(first, first + 21)],
            rtol=1e-6)


def test_box_is_the_tightest_around_the_valid_joints(root):
    hand = build(root)[2]

    valid = np.array([expected(j) for j in [*range(26, 37), 41]])
    np.testing.assert_allclose(
        hand['bbox'][0], [*valid.min(0), *valid.max(0)], rtol=1e-6)
    assert hand['keypoints_visible'].sum() == 12


def test_published_metrics_take_its_samples(root, real_data):
    """PCK, AUC and EPE of perfect predictions; the crop is 1.5 boxes."""
    pipeline = [
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale', padding=1.5),
        dict(type='TopdownAffine', input_size=(192, 256)),
        dict(type='PackPoseInputs')
    ]
    (root / 'Capture3').mkdir()
    (root / 'Capture3' / 'cam').symlink_to(real_data / 'interhand2.6m')
    data = json.loads((root / 'data.json').read_text())
    data['images'][0]['file_name'] = 'Capture3/cam/image69148.jpg'
    (root / 'data.json').write_text(json.dumps(data))
    sample = build(root, pipeline=pipeline)[0]['data_samples']

    box = sample.gt_instances.bboxes[0]
    assert sample.input_scale[0] == pytest.approx(1.5 * (box[2] - box[0]))
    sample = sample.to_dict()
    sample['pred_instances'] = dict(
        keypoints=sample['gt_instances']['keypoints'])
    # Nothing is closer than the first of AUC's 20 thresholds, 0.
    best = dict(PCKAccuracy=1., AUC=0.95, EPE=0.)
    for name, value in best.items():
        metric = METRICS.build(dict(type=name))
        metric.process(None, [sample])
        result, = metric.evaluate(1).values()
        assert result == pytest.approx(value)


def test_files_of_two_folders_are_refused(root):
    (root / 'camera.json').write_text('{"4": {}}')

    with pytest.raises(ValueError, match=r"camera\.json.* no '3'"):
        build(root)


def test_whole_images_are_refused(root):
    with pytest.raises(ValueError, match="data_mode='bottomup'"):
        build(root, data_mode='bottomup')


def test_files_of_an_older_release_are_named(root):
    """Their joints are a list, without 'world_coord'."""
    (root / 'joint.json').write_text(
        json.dumps({'3': {'9': world().tolist()}}))
    with pytest.raises(ValueError, match='joint.json has another form at '
                       'capture 3, frame 9.*release 1.0'):
        build(root)


def test_joints_of_one_hand_are_refused(root):
    (root / 'joint.json').write_text(
        json.dumps({'3': {'9': dict(world_coord=world()[:21].tolist())}}))
    with pytest.raises(ValueError, match=r'joint.json .*\(21, 3\)'):
        build(root)


def test_no_valid_hand_is_said(root):
    data = json.loads((root / 'data.json').read_text())
    for ann in data['annotations']:
        ann['joint_valid'] = [[0]] * 42
    (root / 'data.json').write_text(json.dumps(data))
    with pytest.raises(ValueError, match='data.json: none of its 3 annot'):
        build(root)
