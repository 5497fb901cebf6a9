# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from vitpose_tools.predict.boxes import BoxesOfFile
from vitpose_tools.predict.writers import open_writers


def test_pycocotools_loads_the_results(make, skeleton, tmp_path):
    frames = [make('ä.mp4', 0, ids=[5, 6]), make('ä.mp4', 1, people=0),
              make('b.jpg', people=1)]
    with open_writers(tmp_path / 'o', ['coco'], skeleton) as writers:
        for frame, poses in frames:
            writers.write(frame, poses)
    results, images = writers.files
    assert (results.name, images.name) == ('predictions.json', 'images.json')
    truth = COCO(str(images))
    assert [truth.imgs[key] for key in (1, 2, 3)] == [
        dict(id=1, file_name='ä.mp4', width=64, height=48, frame_index=0),
        dict(id=2, file_name='ä.mp4', width=64, height=48, frame_index=1),
        dict(id=3, file_name='b.jpg', width=64, height=48)]
    assert truth.cats[1]['keypoints'] == list(skeleton.names)
    assert truth.cats[1]['skeleton'] == [[1, 2], [2, 3]]
    loaded = truth.loadRes(str(results))
    for key, (_, poses) in enumerate(frames, 1):
        found = loaded.loadAnns(loaded.getAnnIds(key))
        assert len(found) == len(poses)
        for person, one in enumerate(found):
            points = np.reshape(one['keypoints'], (3, 3))
            known = np.isfinite(poses.keypoints[person]).all(-1)
            np.testing.assert_allclose(
                points[known], np.column_stack([
                    poses.keypoints[person], poses.scores[person]])[known],
                atol=6e-5)
            np.testing.assert_array_equal(points[~known], 0)
            x1, y1, x2, y2 = poses.boxes[person]
            np.testing.assert_allclose(one['bbox'], [x1, y1, x2 - x1, y2 - y1],
                                       atol=6e-4)
            # As MMPose's CocoMetric in its score_mode 'bbox_keypoint'.
            scores = poses.scores[person][known].astype(float)
            assert one['score'] == pytest.approx(
                poses.box_scores[person] * scores[scores > .2].mean(),
                rel=1e-3)
            assert one.get('track_id') == (
                None if poses.track_ids is None else
                poses.track_ids[person])


def test_numbers_of_the_boxes_file_are_kept(make, skeleton, tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=42, file_name='b.jpg'), dict(id=7, file_name='a.jpg')],
        annotations=[dict(image_id=7, bbox=[1, 2, 9, 9]),
                     dict(image_id=42, bbox=[1, 2, 9, 9])])))
    boxes = BoxesOfFile(path)
    with open_writers(tmp_path / 'o', ['coco'], skeleton,
                      boxes.image_id) as writers:
        for name in ('a.jpg', 'b.jpg'):
            writers.write(*make(name))
    results = json.loads(writers.files[0].read_text())
    assert [one['image_id'] for one in results] == [7, 7, 42, 42]


def test_results_of_nobody_are_an_empty_list(make, skeleton, tmp_path):
    with open_writers(tmp_path / 'o', ['coco'], skeleton) as writers:
        pass
    assert json.loads(writers.files[0].read_text()) == []
    assert json.loads(writers.files[1].read_text())['images'] == []
