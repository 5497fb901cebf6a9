# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_mm.datasets.registered_metainfo import registered_metainfo


@pytest.mark.filterwarnings('ignore:The metainfo config file')
@pytest.mark.parametrize('name', ['coco', 'ap10k', 'coco_wholebody'])
def test_metainfo_is_the_one_of_mmpose(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = parse_pose_metainfo(
        dict(from_file=f'configs/_base_/datasets/{name}.py'))
    found = registered_metainfo(name)
    assert found['keypoint_id2name'] == expected['keypoint_id2name']


def test_unregistered_dataset_has_none():
    assert registered_metainfo('no such dataset') is None
