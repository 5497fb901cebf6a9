# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy

import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_mm.datasets.checks import DataError
from vitpose_mm.datasets.checks.raw_metainfo import check_raw_metainfo
from vitpose_mm.engine.loops import explained


def metainfo(**changes) -> dict:
    return {
        **dict(
            dataset_name='mine',
            keypoint_info={
                index: dict(name=name, swap=dict(
                    left='right', right='left').get(name, ''))
                for index, name in enumerate(('nose', 'left', 'right'))
            },
            skeleton_info={0: dict(link=('nose', 'left'))},
            joint_weights=[1.] * 3,
            sigmas=[.05] * 3),
        **changes
    }


def renumbered(*numbers) -> dict:
    """Three keypoints with other numbers."""
    return metainfo(keypoint_info=dict(
        zip(numbers, metainfo()['keypoint_info'].values())))


WRONG = [
    (dict(sigmas=dict(nose=.1)), "sigmas is .'nose': 0.1., no list of num"),
    (dict(joint_weights=['heavy']), "joint_weights is .'heavy'., no list"),
    (dict(keypoint_info=[dict(name='nose')]), 'keypoint_info and skeleton_'),
    (dict(keypoint_info={0: dict(swap='')}), r'keypoint_info\[0\] has no'),
    (dict(keypoint_info={0: dict(name='nose', swap='tail')}),
     "keypoint 'nose' has swap='tail', which is none of .'nose'"),
    (dict(skeleton_info={7: dict(link=('nose', 'tail'))}),
     r'skeleton_info\[7\] is .*tail'),
    (dict(skeleton_info={7: dict(id=3)}), r'skeleton_info\[7\] is'),
]


def start(dataset: dict) -> None:
    """Build a loop's dataset and fail, as MMPose does."""
    with explained(dict(dataset=dataset)):
        parse_pose_metainfo(copy.deepcopy(dataset['metainfo']))


@pytest.mark.parametrize('changes, message', WRONG)
def test_what_cannot_be_parsed_is_explained(changes, message):
    with pytest.raises(DataError, match=message):
        start(dict(type='CocoDataset', metainfo=metainfo(**changes)))


@pytest.mark.parametrize('key', metainfo())
def test_what_is_absent_is_named(key):
    absent = metainfo()
    del absent[key]
    with pytest.raises(DataError, match=f'it lacks {key}; MMPose reads'):
        start(dict(type='CocoDataset', metainfo=absent))


def test_a_file_is_named(tmp_path):
    file = tmp_path / 'mine.py'
    file.write_text(f'dataset_info = {metainfo(sigmas="wide")!r}\n')
    with pytest.raises(DataError, match=f"metainfo {file}: sigmas is 'wide'"):
        start(dict(type='CocoDataset', metainfo=dict(from_file=str(file))))
    file.write_text('dataset = {}\n')
    with pytest.raises(DataError, match='there is no dictionary dataset_info'):
        start(dict(type='CocoDataset', metainfo=dict(from_file=str(file))))


def test_what_can_be_parsed_is_not_accused():
    parse_pose_metainfo(metainfo())
    assert check_raw_metainfo(metainfo()) == []
    assert check_raw_metainfo(None) == []


@pytest.mark.parametrize('numbers', [(1, 2, 3), ('0', '1', '2'), (1, 0, 2)])
def test_numbers_out_of_order_are_refused(check, coco, numbers):
    """MMPose parses them and flips by places."""
    coco = copy.deepcopy(coco)
    for ann in coco['annotations']:
        ann['keypoints'] = ann['keypoints'][:9]
        ann['num_keypoints'] = sum(v > 0 for v in ann['keypoints'][2::3])
    finding, = check(coco, metainfo=renumbered(*numbers))
    assert finding.refused and finding.kind == 'keypoint-order'
    assert check(coco, metainfo=renumbered(0, 1, 2)) == []


def test_sigmas_as_wide_as_people_are_a_warning(check, coco):
    coco = copy.deepcopy(coco)
    for ann in coco['annotations']:
        ann['keypoints'] = ann['keypoints'][:9]
        ann['num_keypoints'] = sum(v > 0 for v in ann['keypoints'][2::3])
    for sigma, kinds in (.5, []), (1., ['sigmas-large']):
        info = metainfo(sigmas=[.05, .05, sigma])
        assert [finding.kind for finding in check(coco, {}, metainfo=info)
                ] == kinds
