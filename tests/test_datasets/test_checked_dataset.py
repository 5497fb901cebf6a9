# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import errno
import json
import os

import cv2
import numpy as np
import pytest
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader

from vitpose_mm.datasets import checked_dataset
from vitpose_mm.datasets.transforms.load_checked_image import ImageError


@pytest.fixture
def build(tmp_path):
    """A CheckedDataset of six pictures of one person each."""
    keypoints = [10, 10, 2] * 17
    for index in range(6):
        image = np.full((40, 40, 3), 40 * index, np.uint8)
        cv2.imwrite(str(tmp_path / f'{index}.png'), image)
    (tmp_path / 'ann.json').write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.png', width=40, height=40)
                for i in range(6)],
        annotations=[dict(id=70 + i, image_id=i, category_id=1, iscrowd=0,
                          bbox=[2, 2, 30, 30], area=900, num_keypoints=17,
                          keypoints=keypoints) for i in range(6)],
        categories=[dict(id=1, name='person')])))

    def make(**options):
        return DATASETS.build(dict(
            type='CheckedDataset', **options,
            dataset=dict(
                type='CocoDataset', ann_file=str(tmp_path / 'ann.json'),
                data_prefix=dict(img=f'{tmp_path}/'),
                pipeline=[
                    dict(type='LoadCheckedImage'),
                    dict(type='GetBBoxCenterScale'),
                    dict(type='TopdownAffine', input_size=(32, 32)),
                    dict(type='PackPoseInputs')
                ])))

    return make


def ids(dataset, workers=0):
    loader = DataLoader(
        dataset, 2, sampler=DefaultSampler(dataset, shuffle=False),
        num_workers=workers, collate_fn=pseudo_collate)
    return [sample.id for batch in loader for sample in
            batch['data_samples']]


BREAK = {
    'vanished': lambda path: path.unlink(),
    'empty': lambda path: path.write_bytes(b''),
    'cut short': lambda path: path.write_bytes(path.read_bytes()[:60]),
    'no image': lambda path: path.write_bytes(b'<html></html>' * 9),
}


@pytest.mark.parametrize('fault', BREAK)
@pytest.mark.parametrize('workers', [0, 2])
def test_a_broken_image_gives_way_to_the_next(build, tmp_path, fault, workers):
    dataset = build(on_error='skip')
    assert ids(dataset) == [70, 71, 72, 73, 74, 75]
    BREAK[fault](tmp_path / '2.png')
    BREAK[fault](tmp_path / '5.png')
    assert ids(dataset, workers) == [70, 71, 73, 73, 74, 70]
    assert int(dataset.skipped) == 2


@pytest.mark.parametrize('fault', BREAK)
def test_a_broken_image_stops_with_its_name(build, tmp_path, fault):
    dataset = build()
    BREAK[fault](tmp_path / '2.png')
    with pytest.raises(ImageError, match='annotation 72 of .*2.png'):
        ids(dataset)


def test_a_folder_without_images_ends(build, tmp_path):
    dataset = build(on_error='skip')
    for path in tmp_path.glob('*.png'):
        path.unlink()
    with pytest.raises(ImageError, match='so are all of the 6 before it'):
        dataset[3]


@pytest.mark.parametrize('times, number, passes', [
    (2, errno.ESTALE, True), (3, errno.EIO, False), (1, errno.EACCES, False)])
def test_errors_that_pass_are_tried_again(build, monkeypatch, times, number,
                                          passes):
    dataset, waits = build(retries=2), []
    monkeypatch.setattr(checked_dataset.time, 'sleep', waits.append)
    left = [times]

    def read(self, path):
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number), path)
        with open(path, 'rb') as file:
            return file.read()

    from mmengine.fileio import LocalBackend
    monkeypatch.setattr(LocalBackend, 'get', read)
    if passes:
        assert dataset[1]['data_samples'].id == 71
        assert waits == [1, 2]
    else:
        with pytest.raises(ImageError, match='annotation 71'):
            dataset[1]
        assert waits == ([1, 2] if number == errno.EIO else [])


def test_a_fault_of_the_code_is_not_skipped(build):
    dataset = build(on_error='skip')
    dataset.dataset.pipeline.transforms.insert(0, lambda results: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        dataset[0]


def test_it_is_the_dataset_for_all_who_ask(build):
    dataset = build()
    assert dataset.metainfo['dataset_name'] == 'coco'
    assert len(dataset) == 6 and dataset.get_data_info(1)['id'] == 71


@pytest.mark.parametrize('options, message', [
    (dict(on_error='ignore'), "on_error='ignore' is not one of"),
    (dict(retries=-1), 'retries=-1 must not be negative')])
def test_wrong_arguments_are_named(build, options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
