# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from vitpose_tools.report.predictions import Predictions


@pytest.fixture
def make_people(tmp_path):
    """Labelled people on grey images with names of many alphabets, each
    predicted 3 pixels to the right, with a confidence that falls by 0.01
    from person to person."""

    def make(people=4, keypoints=3, labelled=True):
        names = [f'ähn lich & <{index}> 鼠.png' for index in range(people)]
        for name in names:
            picture = np.full((60, 80), 90, np.uint8)
            cv2.imencode('.png', picture)[1].tofile(tmp_path / name)
        labels = np.stack(np.meshgrid(
            np.arange(people), np.arange(keypoints), indexing='ij'),
            axis=-1) * 5. + 20
        shape = people, keypoints
        return Predictions(
            keypoints=labels + [3., 0.],
            scores=np.full(shape, 0.9) - 0.01 * np.arange(people)[:, None],
            labels=labels,
            labelled=np.full(shape, labelled),
            boxes=np.array([[10., 10., 70., 50.]] * people),
            areas=np.full(people, 2400.),
            annotations=list(range(101, 101 + people)),
            paths=[str(tmp_path / name) for name in names],
            files=names,
            metainfo=dict(
                num_keypoints=keypoints,
                keypoint_id2name={k: f'<i>{k}' for k in range(keypoints)},
                keypoint_colors=np.full((keypoints, 3), [255, 0, 0]),
                skeleton_links=[(0, 1)] if keypoints > 1 else [],
                skeleton_link_colors=np.full(
                    (1 if keypoints > 1 else 0, 3), [255, 0, 0])))

    return make
