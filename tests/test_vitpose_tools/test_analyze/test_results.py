# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import pickle

import numpy as np
import pytest
from mmengine.evaluator import DumpResults, Evaluator
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from vitpose_tools.analyze.results import read_results
from vitpose_tools.predict.open_model import ModelError

DATASET = dict(type='CocoDataset', data_prefix=dict(img='images/'),
               ann_file='there is none')


def make_sample(number: int, name: str = 'coco') -> PoseDataSample:
    rng = np.random.default_rng(number)
    labels = rng.uniform(10, 90, (1, 17, 2)).astype(np.float32)
    return PoseDataSample(
        metainfo=dict(
            id=number, img_id=number, img_path=f'images/ä {number}.png',
            dataset_name=name, raw_ann_info=dict(area=100. * number)),
        gt_instances=InstanceData(
            keypoints=labels,
            keypoints_visible=(rng.random((1, 17)) > .3).astype(np.float32),
            bboxes=np.array([[0., 0., 100., 90.]], np.float32)),
        pred_instances=InstanceData(
            keypoints=labels + 1,
            keypoint_scores=rng.random((1, 17)).astype(np.float32)))


@pytest.fixture
def dumped(tmp_path):
    """As `mim test --dump` writes: COCO and another dataset mixed."""
    path = tmp_path / 'results.pkl'
    samples = [make_sample(1), make_sample(2, 'aic'), make_sample(3)]
    evaluator = Evaluator(DumpResults(str(path)))
    evaluator.process(samples)
    evaluator.evaluate(len(samples))
    return path


def test_the_people_of_a_dataset_are_read(dumped):
    people = read_results(dumped, DATASET)
    for row, sample in enumerate([make_sample(1), make_sample(3)]):
        truth, guess = sample.gt_instances, sample.pred_instances
        np.testing.assert_array_equal(people.labels[row], truth.keypoints[0])
        np.testing.assert_array_equal(people.keypoints[row],
                                      guess.keypoints[0])
        np.testing.assert_array_equal(people.scores[row],
                                      guess.keypoint_scores[0])
        np.testing.assert_array_equal(people.labelled[row],
                                      truth.keypoints_visible[0] > 0)
        np.testing.assert_array_equal(people.boxes[row], truth.bboxes[0])
    assert people.annotations == [1, 3] and people.areas.tolist() == [100, 300]
    assert people.files == ['ä 1.png', 'ä 3.png']
    assert people.names[0] == 'nose' and len(people.names) == 17


def test_results_of_another_dataset_are_refused(dumped):
    with pytest.raises(ModelError, match="holds no results of 'mpii'"):
        read_results(dumped, dict(DATASET, type='MpiiDataset'))


def test_results_of_detections_are_refused(tmp_path):
    path = tmp_path / 'results.pkl'
    sample = make_sample(1)
    sample.gt_instances.keypoints[:] = 0
    sample.gt_instances.keypoints_visible[:] = 1
    evaluator = Evaluator(DumpResults(str(path)))
    evaluator.process([sample, make_sample(3)])
    evaluator.evaluate(2)
    with pytest.raises(ModelError, match='is of a test in detected boxes'):
        read_results(path, DATASET)


class Harm:

    def __reduce__(self):
        return os.mkdir, ('harm', )


@pytest.mark.parametrize('content, said', [
    (pickle.dumps([Harm()]), r'it names \w+\.mkdir'),
    (b'', 'it is empty'),
    (b'no pickle', 'not what `mim test --dump` writes'),
    (pickle.dumps([dict(dataset_name='coco')]), 'holds no results of a pose'),
    (pickle.dumps(3), 'holds no results of a pose')])
def test_other_files_end_in_one_sentence_and_run_no_code(
        content, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'results.pkl'
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        read_results(path, DATASET)
    assert not (tmp_path / 'harm').exists()
