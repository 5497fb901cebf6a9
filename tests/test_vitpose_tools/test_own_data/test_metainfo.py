# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What MMPose reads of the metainfo that is written."""
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_tools.own_data.labels import read_own_labels
from vitpose_tools.own_data.metainfo import write_metainfo


@pytest.fixture
def parsed(labelled, tmp_path):

    def parse(**options) -> dict:
        labels = read_own_labels(labelled(**options))
        path = tmp_path / 'metainfo.py'
        path.write_text(
            write_metainfo(labels, labels.flips, 'mine'),
            encoding='utf-8')
        return parse_pose_metainfo(dict(from_file=str(path)))

    return parse


def test_names_pairs_and_links_arrive(parsed):
    metainfo = parsed(skeleton=[[1, 2], [1, 3], [4, 1]])

    assert metainfo['dataset_name'] == 'mine'
    assert list(metainfo['keypoint_id2name'].values()) == [
        'nose', 'left_paw', 'right_paw', 'tail']
    assert metainfo['flip_indices'] == [0, 2, 1, 3]
    assert metainfo['skeleton_links'] == [(0, 1), (0, 2), (3, 0)]
    assert len(metainfo['sigmas']) == 4 and (metainfo['sigmas'] > 0).all()


def test_pairs_of_the_labels_go_before_those_of_the_names(parsed):
    pairs = [['tail', 'nose'], ['left_paw', 'right_paw']]

    assert parsed(flip_pairs=pairs)['flip_indices'] == [3, 2, 1, 0]


@pytest.mark.parametrize('pairs', [
    [['nose', 'mouth']], [['nose', 'tail'], ['tail', 'left_paw']], [['nose']],
    'nose', [[0, 3]]])
def test_pairs_that_are_none_are_guessed(parsed, pairs):
    assert parsed(flip_pairs=pairs)['flip_indices'] == [0, 2, 1, 3]


def test_without_a_skeleton_all_are_linked(parsed):
    links = parsed()['skeleton_links']

    assert len(links) == 3
    assert {k for link in links for k in link} == {0, 1, 2, 3}


@pytest.mark.parametrize('names', [
    ["it's", 'a "b"', '{c}', 'd\\e'], ['左肩', '右肩', 'é', 'naïve'], ['one']
])
def test_any_name_survives(parsed, names):
    metainfo = parsed(names=names)

    assert list(metainfo['keypoint_id2name'].values()) == names


def test_sides_have_their_colours_and_others_a_rainbow(parsed):
    sided, plain = parsed(), parsed(names=['a', 'b', 'c'])

    assert sided['keypoint_colors'].tolist() == [
        [51, 153, 255], [0, 255, 0], [255, 128, 0], [51, 153, 255]]
    assert len({tuple(color) for color in plain['keypoint_colors']}) == 3
