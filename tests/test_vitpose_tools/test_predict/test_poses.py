# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from dataclasses import replace
from pathlib import Path

import cv2
import mmpose
import numpy as np
import pandas
import pytest
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_tools.extras import MissingPackage
from vitpose_tools.predict.poses import Skeleton


def test_a_table_has_a_row_for_each_keypoint(make):
    _, poses = make('ä.mp4', 7, ids=[4, 2])
    table = poses.to_dataframe()
    assert table.columns.tolist() == [
        'source', 'frame', 'person', 'track_id', 'keypoint', 'x', 'y',
        'score', 'box_x1', 'box_y1', 'box_x2', 'box_y2', 'box_score']
    assert len(table) == 6
    assert set(table.source) == {'ä.mp4'} and set(table.frame) == {7}
    for person, track_id in enumerate([4, 2]):
        own = table[table.track_id == track_id].set_index('keypoint')
        assert set(own.person) == {person}
        for k, name in enumerate(poses.skeleton.names):
            np.testing.assert_array_equal(
                own.loc[name, ['x', 'y', 'score']].to_numpy(np.float32),
                [*poses.keypoints[person, k], poses.scores[person, k]])
            np.testing.assert_array_equal(
                own.loc[name, 'box_x1':'box_score'].to_numpy(np.float32),
                [*poses.boxes[person], poses.box_scores[person]])


def test_a_table_of_a_picture_or_of_nobody_has_the_same_columns(make):
    video, picture, nobody = (
        make(*args)[1].to_dataframe() for args in (
            ('a.mp4', 3, [0, 1]), ('a.jpg', ), ('a.jpg', None, None, 0)))
    assert picture.frame.isna().all() and picture.track_id.isna().all()
    assert len(nobody) == 0
    assert picture.dtypes.tolist() == video.dtypes.tolist()
    assert nobody.columns.tolist() == video.columns.tolist()
    assert nobody.dtypes['frame'] == video.dtypes['frame']


def test_supervision_has_the_same_people(make):
    supervision = pytest.importorskip('supervision')
    _, poses = make('a.mp4', 7, ids=[4, 2])
    points = poses.to_supervision()
    known = np.isfinite(poses.keypoints).all(-1)
    assert known.sum() == 5
    assert points.xy.shape == (2, 3, 2)
    np.testing.assert_array_equal(points.xy[known], poses.keypoints[known])
    np.testing.assert_array_equal(points.keypoint_confidence[known],
                                  poses.scores[known])
    np.testing.assert_array_equal(points.visible, known)
    np.testing.assert_array_equal(points.xy[~known], 0)
    np.testing.assert_array_equal(points.detection_confidence,
                                  poses.box_scores)
    np.testing.assert_array_equal(points.data['xyxy'], poses.boxes)
    assert points[1:].data['tracker_id'].tolist() == [2]
    # Its own annotators draw them where they are.
    drawn = supervision.VertexAnnotator(
        color=supervision.Color.RED, radius=1).annotate(
            np.zeros((48, 64, 3), np.uint8), points)
    for x, y in np.round(poses.keypoints[known]).astype(int):
        assert drawn[y - 1:y + 2, x - 1:x + 2, 2].max() > 200
    # Where supervision looks for what is missing, there is nothing.
    assert not drawn[:1, :1].any()


def test_poses_are_saved_as_the_suffix_says(make, tmp_path):
    _, poses = make('a.jpg')
    folder = tmp_path / 'ö 1'
    for name in ('p.json', 'p.csv', 'p.parquet', 'p.png'):
        poses.save(folder / name)
    first, second = json.loads((folder / 'p.json').read_text())
    assert first['keypoints'][3:5] == pytest.approx(
        poses.keypoints[0, 1].tolist(), abs=1e-4)
    assert second['keypoints'][3:6] == [0, 0, 0]
    table = pandas.read_csv(folder / 'p.csv')
    np.testing.assert_allclose(table.x, poses.keypoints[..., 0].ravel(),
                               rtol=1e-6)
    picture = cv2.imdecode(np.fromfile(folder / 'p.png', np.uint8), 1)
    np.testing.assert_array_equal(picture, poses.plot())
    pytest.importorskip('pyarrow')
    pandas.testing.assert_frame_equal(
        pandas.read_parquet(folder / 'p.parquet'), poses.to_dataframe(),
        check_dtype=False)


def test_poses_are_not_saved_over_their_picture(make, tmp_path):
    path = tmp_path / 'a.png'
    frame, poses = make(str(path))
    cv2.imwrite(str(path), frame.image)
    with pytest.raises(ValueError, match='a.png is what was looked at'):
        poses.save(tmp_path / 'x' / '..' / 'a.png')
    np.testing.assert_array_equal(cv2.imread(str(path)), frame.image)
    with pytest.raises(ValueError, match='not .tiff'):
        poses.save(tmp_path / 'a.tiff')


def test_a_picture_that_was_not_kept_is_read_again(make, tmp_path):
    path = tmp_path / 'ä.png'
    frame, poses = make(str(path))
    cv2.imencode('.png', frame.image)[1].tofile(path)
    kept, poses = poses.plot(), replace(poses, image=None)
    np.testing.assert_array_equal(poses.plot(), kept)
    path.write_bytes(b'')
    with pytest.raises(ValueError, match='ä.png cannot be read as an image: '
                       'it is empty'):
        poses.plot()
    with pytest.raises(ValueError, match='frame 3 of .* was not kept'):
        replace(poses, frame=3).plot()


@pytest.mark.parametrize('package, call', [
    ('pandas', lambda poses, path: poses.to_dataframe()),
    ('pyarrow', lambda poses, path: poses.save(path / 'a.parquet')),
    ('supervision', lambda poses, path: poses.to_supervision())])
def test_a_missing_package_is_named(make, tmp_path, monkeypatch, package,
                                    call):
    monkeypatch.setitem(__import__('sys').modules, package, None)
    with pytest.raises(MissingPackage) as raised:
        call(make('a.jpg')[1], tmp_path)
    assert package in str(raised.value)
    assert 'pip install "vitpose_mm[predict]"' in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_a_skeleton_has_what_mmpose_reads_of_a_metainfo_file():
    path = Path(mmpose.__path__[0], '.mim/configs/_base_/datasets/coco.py')
    meta = parse_pose_metainfo(dict(from_file=str(path)))
    skeleton = Skeleton.of_metainfo(meta)
    written = Config.fromfile(path).dataset_info
    np.testing.assert_allclose(skeleton.sigmas, written.sigmas, rtol=1e-6)
    assert skeleton.names[9] == 'left_wrist'
    assert skeleton.flip_indices[9] == 10
    assert len(skeleton.links) == len(written.skeleton_info)
