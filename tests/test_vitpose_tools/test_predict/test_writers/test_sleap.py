# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from vitpose_tools.predict.writers import open_writers

sleap_io = pytest.importorskip('sleap_io')


def write(frames, skeleton, out):
    with open_writers(out, ['slp'], skeleton) as writers:
        for frame, poses in frames:
            writers.write(frame, poses)
    return writers, [sleap_io.load_slp(str(path), open_videos=False)
                     for path in writers.files]


def test_sleap_has_each_person_by_track(make, skeleton, tmp_path):
    video = tmp_path / 'ä b.mp4'
    video.touch()
    ids = [[7, 2], [2], [], [2, 11]]
    frames = [make(str(video), index, ids=one, people=len(one))
              for index, one in enumerate(ids)]
    writers, (labels, ) = write(frames, skeleton, tmp_path / 'o')
    assert writers.files[0].name == 'ä b.predictions.slp'
    assert labels.skeleton.node_names == list(skeleton.names)
    assert labels.skeleton.edge_inds == [(0, 1), (1, 2)]
    assert labels.video.filename == str(video)
    assert [track.name for track in labels.tracks] == [
        'track_2', 'track_7', 'track_11']
    assert [frame.frame_idx for frame in labels] == [0, 1, 3]
    for frame in labels:
        poses, own = frames[frame.frame_idx][1], ids[frame.frame_idx]
        assert [one.track.name for one in frame.instances] == [
            f'track_{one}' for one in own]
        for person, one in enumerate(frame.instances):
            assert isinstance(one, sleap_io.PredictedInstance)
            np.testing.assert_allclose(one.numpy(), poses.keypoints[person])
            np.testing.assert_allclose(
                one.points['score'], np.nan_to_num(poses.scores[person]))
            assert one.score == pytest.approx(
                np.nanmean(poses.scores[person]), abs=1e-4)


def test_pictures_are_a_video_of_each_size(make, skeleton, tmp_path):
    sizes = [(64, 48), (32, 40), (64, 48)]
    frames = [make(str(tmp_path / f'{n}.png'), size=size)
              for n, size in enumerate(sizes)]
    for frame, _ in frames:
        cv2.imwrite(frame.source, frame.image)
    writers, (labels, ) = write([*frames, make('an array')], skeleton,
                                tmp_path / 'o')
    assert writers.notes == ['1 pictures that are no files are not in '
                             'images.predictions.slp']
    assert not labels.tracks
    found = {frame.video.filename[frame.frame_idx]: frame for frame in labels}
    assert len(labels.videos) == 2
    for frame, poses in frames:
        one = found[frame.source]
        np.testing.assert_allclose(
            np.array([person.numpy() for person in one.instances]),
            poses.keypoints)


def test_a_video_without_people_is_a_project_too(make, skeleton, tmp_path):
    _, (labels, ) = write([make('a.mp4', 0, people=0)], skeleton,
                          tmp_path / 'o')
    assert len(labels) == 0 and len(labels.videos) == 1
