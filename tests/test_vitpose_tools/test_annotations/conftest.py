# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest
from PIL import Image

SPECIES = 'dog', 'panda'
VIDEOS = 10


@pytest.fixture
def raw() -> dict:
    """APT-36K as published: back-slashes, is_crowd, license; two species of
    ten videos of two frames, one animal each."""
    images, annotations = [], []
    for s, species in enumerate(SPECIES):
        for v in range(VIDEOS):
            for f in range(2):
                number = len(images) + 1
                images.append(
                    dict(id=number, width=64, height=48,
                         video_id=s * VIDEOS + v,
                         file_name='D:\\data\\APT\\'
                         f'{species}\\clip{v}\\{f:05d}.jpg'))
                annotations.append(
                    dict(id=100 + number, image_id=number, category_id=s + 1,
                         video_id=s * VIDEOS + v, track_id=0, is_crowd=0,
                         bbox=[8, 6, 40, 30],
                         keypoints=[20, 20, 2] * 15 + [0] * 6))
    return dict(
        info={}, license=[dict(id=1)], images=images, annotations=annotations,
        categories=[dict(id=s + 1, name=name)
                    for s, name in enumerate(SPECIES)])


@pytest.fixture
def images(raw, tmp_path) -> Path:
    """Folder with the images of ``raw``."""
    for image in raw['images']:
        path = tmp_path.joinpath(
            'images', *image['file_name'].split('\\')[-3:])
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (64, 48)).save(path)
    return tmp_path / 'images'
