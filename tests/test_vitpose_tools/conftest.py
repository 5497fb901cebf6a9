# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Callable

import cv2
import numpy as np
import pytest

NAMES = ['nose', 'left_paw', 'right_paw', 'tail']


@pytest.fixture
def labelled(tmp_path) -> Callable[..., Path]:
    """Write a COCO file of drawn dots, and its pictures."""

    def write(name: str = 'train', count: int = 6, names=NAMES,
              size=(96, 64), whole: bool = False, **category) -> Path:
        rng = np.random.default_rng(len(name))
        width, height = size
        folder = tmp_path / 'images'
        folder.mkdir(exist_ok=True)
        images, annotations = [], []
        for number in range(1, count + 1):
            picture = np.full((height, width, 3), 90, np.uint8)
            points = rng.uniform(16, (width - 16, height - 16),
                                 (len(names), 2)).round(1)
            for k, point in enumerate(points):
                shade = (40 * k % 255, 250 - 50 * k % 250, 60)
                cv2.circle(picture, tuple(map(round, point)), 3, shade, -1)
            file = f'{name}{number}.png'
            cv2.imwrite(str(folder / file), picture)
            images.append(dict(id=number, file_name=file, width=width,
                               height=height))
            box = [0, 0, width, height] if whole else [
                8, 8, width - 16, height - 16]
            annotations.append(dict(
                id=number, image_id=number, category_id=1, iscrowd=0,
                bbox=box, area=box[2] * box[3], num_keypoints=len(names),
                keypoints=np.column_stack(
                    (points, np.full(len(names), 2))).ravel().tolist()))
        categories = [dict(dict(id=1, name='mouse', keypoints=list(names)),
                           **category)]
        path = tmp_path / f'{name}.json'
        path.write_text(json.dumps(dict(
            images=images, annotations=annotations, categories=categories)))
        return path

    return write
