# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from unittest import mock

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmpose.apis import MMPoseInferencer
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from vitpose_mm.datasets import LoadImageOnce


@pytest.fixture
def paths(tmp_path) -> list:
    """Two images, the first of three people and the second of two."""
    rng = np.random.default_rng(0)
    for name in 'ab':
        cv2.imwrite(
            str(tmp_path / f'{name}.png'),
            rng.integers(0, 256, (40, 30, 3), np.uint8))
    return [str(tmp_path / f'{name}.png') for name in 'aaabb']


def test_decodes_once_what_load_image_decodes_each_time(paths):
    load = TRANSFORMS.build(dict(type='LoadImageOnce'))
    with mock.patch(
            'mmcv.imfrombytes', side_effect=mmcv.imfrombytes) as decode:
        loaded = [load(dict(img_path=path, id=i))
                  for i, path in enumerate(paths)]
    assert decode.call_count == 2
    for i, (path, results) in enumerate(zip(paths, loaded)):
        expected = LoadImage()(dict(img_path=path, id=i))
        assert np.array_equal(results.pop('img'), expected.pop('img'))
        assert results == expected


def test_remembers_as_many_images_as_asked_for(paths):
    orders = {1: 'abab', 2: 'abab'}
    decoded = {}
    for number, order in orders.items():
        load = LoadImageOnce(num_images=number)
        with mock.patch(
                'mmcv.imfrombytes', side_effect=mmcv.imfrombytes) as decode:
            for name in order:
                path = paths['aaabb'.index(name)]
                got = load(dict(img_path=path))['img']
                want = LoadImage()(dict(img_path=path))['img']
                assert np.array_equal(got, want)
        decoded[number] = decode.call_count - len(order)  # without stock's
    assert decoded == {1: 4, 2: 2}
    with pytest.raises(ValueError, match='num_images=0'):
        LoadImageOnce(num_images=0)


def test_forgets_the_image_that_was_used_longest_ago(tmp_path):
    paths = {name: str(tmp_path / f'{name}.bmp') for name in 'abc'}
    for path in paths.values():
        cv2.imwrite(path, np.zeros((8, 9, 3), np.uint8))
    load = LoadImageOnce(num_images=2)
    counts = []
    with mock.patch(
            'mmcv.imfrombytes', side_effect=mmcv.imfrombytes) as decode:
        for name in 'abaca':
            load(dict(img_path=paths[name]))
            counts.append(decode.call_count)
    assert counts == [1, 2, 2, 3, 3]


def test_crops_are_those_of_stock(paths):
    crop = [
        dict(type='GetBBoxCenterScale'),
        dict(type='RandomFlip', prob=1., direction='horizontal'),
        dict(type='TopdownAffine', input_size=(12, 16), use_udp=True),
    ]
    crops = []
    for name in ('LoadImageOnce', 'LoadImage'):
        pipeline = Compose([dict(type=name), *crop])
        crops.append([
            pipeline(dict(
                img_path=path, bbox=np.array([[i, 2., 20. + i, 30.]]),
                keypoints=np.zeros((1, 1, 2)),
                keypoints_visible=np.ones((1, 1)), flip_indices=[0]))['img']
            for i, path in enumerate(paths)
        ])
    assert np.array_equal(*crops)
    assert crops[0][0].std() > 0


def test_a_shared_image_cannot_be_spoiled(paths):
    load = LoadImageOnce()
    image = load(dict(img_path=paths[0]))['img']
    with pytest.raises(ValueError, match='read-only'):
        image[:] = 0


def test_an_image_in_memory_and_a_missing_file_are_stocks_business(paths):
    load = LoadImageOnce()
    load(dict(img_path=paths[0]))
    image = np.zeros((4, 5, 3), np.uint8)
    assert load(dict(img_path=paths[0], img=image))['img'] is image
    with pytest.raises(FileNotFoundError):
        load(dict(img_path=str(Path(paths[0]).with_name('absent.png'))))
    assert LoadImageOnce(ignore_empty=True)(dict(img_path='absent')) is None


def test_a_file_written_again_is_loaded_again(tmp_path):
    """With the same name and the same number of bytes."""
    path = tmp_path / 'frame.bmp'
    load = LoadImageOnce()
    for value in (10, 200):
        image = np.full((8, 9, 3), value, np.uint8)
        cv2.imwrite(str(path), image)
        assert np.array_equal(load(dict(img_path=str(path)))['img'], image)


def test_the_inferencer_sees_the_new_picture(tmp_path, real_data, repo,
                                             monkeypatch):
    """One inferencer, two pictures under one name, as a camera writes."""
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))
    config = Config.fromfile(
        repo / 'configs/quickstart/'
        'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit-128x96.py')
    found = {}
    for name in ('LoadImage', 'LoadImageOnce'):
        config.test_dataloader.dataset.pipeline[0] = dict(type=name)
        config.dump(str(tmp_path / 'config.py'))
        torch.manual_seed(0)
        inferencer = MMPoseInferencer(
            pose2d=str(tmp_path / 'config.py'), det_model='whole_image')
        path = str(tmp_path / 'frame.bmp')
        found[name] = []
        for picture in ('000000000785.jpg', '000000040083.jpg'):
            image = cv2.imread(str(real_data / 'coco' / picture))
            cv2.imwrite(path, cv2.resize(image, (320, 240)))
            result = next(inferencer(path, show=False))
            found[name].append(result['predictions'][0][0]['keypoints'])
    assert found['LoadImageOnce'] == found['LoadImage']
    assert found['LoadImage'][0] != found['LoadImage'][1]
