# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.datasets import CocoDataset
from mmpose.evaluation import CocoMetric
from mmpose.registry import TRANSFORMS
from mmpose.structures import PoseDataSample

from vitpose_tools.synth import HUMAN_17, SKELETONS, write_dataset
from vitpose_tools.synth.scene import draw_scene


def files(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob('*') if path.is_file()
    }


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp('synth')
    assert write_dataset(HUMAN_17, out, 12, 7, workers=2)
    return out


def test_bytes_do_not_depend_on_the_workers(dataset, tmp_path):
    write_dataset(HUMAN_17, tmp_path, 12, 7, workers=1)

    assert files(tmp_path) == files(dataset)
    assert len(files(dataset)) == 12 + 3


def test_file_holds_the_scenes_in_order(dataset):
    coco = json.loads((dataset / 'annotations.json').read_text())
    people = [draw_scene(HUMAN_17, 7, i)[1] for i in range(1, 13)]

    assert [image['id'] for image in coco['images']] == list(range(1, 13))
    assert [found['image_id'] for found in coco['annotations']
            ] == [i for i, found in enumerate(people, 1) for _ in found]
    for got, want in zip(coco['annotations'], sum(people, [])):
        assert got.items() >= want.items() and got['iscrowd'] == 0
    for image in coco['images']:
        picture = cv2.imread(str(dataset / 'images' / image['file_name']))
        assert picture.shape == (image['height'], image['width'], 3)
        drawn = draw_scene(HUMAN_17, 7, image['id'])[0]
        assert np.abs(picture.astype(float) - drawn).mean() < 6  # JPEG


def test_ground_truth_scores_one_under_stock_mmpose(dataset):
    ann_file = str(dataset / 'annotations.json')
    loaded = CocoDataset(
        ann_file=ann_file, data_prefix=dict(img=str(dataset / 'images')))
    metric = CocoMetric(ann_file=ann_file, prefix='coco')
    metric.dataset_meta = loaded.metainfo
    load = TRANSFORMS.build(dict(type='LoadImage'))
    for i in range(len(loaded)):
        item = loaded[i]
        assert sorted(load(item)['img'].shape) == [3, 240, 320]
        metric.process([], [submission(item)])
    scores = metric.evaluate(len(loaded))

    coco = json.loads((dataset / 'annotations.json').read_text())
    scored = sum(found['num_keypoints'] > 0 for found in coco['annotations'])
    assert len(loaded) == scored
    assert scores['coco/AP'] == pytest.approx(1)
    assert scores['coco/AR'] == pytest.approx(1)


def submission(item):
    """The ground truth of a dataset item as a model's prediction."""
    sample = PoseDataSample(
        metainfo=dict(id=item['id'], img_id=item['img_id'], category_id=1))
    sample.gt_instances = InstanceData(
        bbox_scales=np.ones((1, 2), np.float32),
        bboxes=item['bbox'],
        bbox_scores=np.ones(1, np.float32))
    sample.pred_instances = InstanceData(
        keypoints=item['keypoints'],
        keypoint_scores=np.ones(item['keypoints'].shape[:2], np.float32),
        bboxes=item['bbox'],
        bbox_scores=np.ones(1, np.float32))
    return sample.to_dict()


def test_complete_dataset_is_left_alone(dataset):
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob('*')}

    assert not write_dataset(HUMAN_17, dataset, 12, 7, workers=2)
    assert before == {
        path: path.stat().st_mtime_ns
        for path in dataset.rglob('*')
    }


def test_interrupted_run_has_no_annotations_and_is_completed(
        dataset, tmp_path):

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(HUMAN_17, tmp_path, 12, 7, 2, on_image=interrupt)
    assert not (tmp_path / 'annotations.json').exists()

    assert write_dataset(HUMAN_17, tmp_path, 12, 7, workers=2)
    assert files(tmp_path) == files(dataset)


def test_what_a_killed_run_left_is_neither_kept_nor_in_the_way(
        dataset, tmp_path):
    (tmp_path / 'images').mkdir()
    for name in ('.7.request.json', 'images/.7.000000000009.jpg'):
        (tmp_path / name).write_text('half')

    assert write_dataset(HUMAN_17, tmp_path, 12, 7, workers=2)
    assert files(tmp_path) == files(dataset)


def test_another_request_is_refused_then_overwrites(tmp_path):
    write_dataset(HUMAN_17, tmp_path, 3, 7, workers=1)
    own = tmp_path / 'images' / 'notes.txt'
    own.write_text('mine')

    with pytest.raises(ValueError, match='"images":3,"seed":7'):
        write_dataset(HUMAN_17, tmp_path, 2, 7, workers=1)
    assert write_dataset(HUMAN_17, tmp_path, 2, 7, 1, overwrite=True)
    assert sorted(path.name for path in own.parent.iterdir()) == [
        '000000000001.jpg', '000000000002.jpg', 'notes.txt'
    ]
    coco = json.loads((tmp_path / 'annotations.json').read_text())
    assert len(coco['images']) == 2


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / 'thesis.tex').write_text('')

    with pytest.raises(ValueError, match='thesis.tex'):
        write_dataset(HUMAN_17, tmp_path, 2, 7, workers=1)
    assert [path.name for path in tmp_path.iterdir()
            if path.is_file()] == ['thesis.tex']


def test_a_crowd_is_another_dataset(dataset, tmp_path):
    write_dataset(HUMAN_17, tmp_path, 2, 7, workers=1, people=6)
    coco = json.loads((tmp_path / 'annotations.json').read_text())

    assert len(coco['annotations']) > 6
    assert coco['info']['people'] == 6
    with pytest.raises(ValueError, match='"people":6'):
        write_dataset(HUMAN_17, tmp_path, 2, 7, workers=1)
    assert b'people' not in (dataset / 'request.json').read_bytes()


@pytest.mark.parametrize('name', SKELETONS)
def test_metainfo_of_each_skeleton_scores_ground_truth_one(name, tmp_path):
    """Hard pictures too: small ones have areas and keypoints of their own."""
    write_dataset(SKELETONS[name], tmp_path, 3, 0, workers=1, people=2,
                  hard=True)
    ann_file = str(tmp_path / 'annotations.json')
    loaded = CocoDataset(
        ann_file=ann_file, data_prefix=dict(img=str(tmp_path / 'images')),
        metainfo=dict(from_file=str(tmp_path / 'metainfo.py')))
    metric = CocoMetric(ann_file=ann_file, prefix='coco')
    metric.dataset_meta = loaded.metainfo
    load = TRANSFORMS.build(dict(type='LoadImage'))
    for i in range(len(loaded)):
        item = loaded[i]
        assert sorted(load(item)['img'].shape) == [3, 120, 160]
        metric.process([], [submission(item)])

    assert metric.evaluate(len(loaded))['coco/AP'] == pytest.approx(1)
    assert loaded.metainfo['dataset_name'] == name
    skeleton = SKELETONS[name]
    assert loaded.metainfo['flip_indices'] == [
        skeleton.keypoints.index(skeleton.joints[row].name)
        for row in skeleton.mirror[skeleton.keypoint_rows]]
