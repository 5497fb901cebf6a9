# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence, Tuple

import numpy as np
from mmengine.dataset import Compose
from mmpose.structures import PoseDataSample
from torch import Tensor

from vitpose_mm.datasets.transforms import LoadCheckedImage
from vitpose_tools.predict.open_model import ModelError


@dataclass(frozen=True)
class Crop:
    """What a top-down model sees of an image.

    Args:
        inputs: Not yet normalised, shape (3, h, w), uint8, BGR.
        sample: Where it lies in the image.
        box: x, y, w, h in pixels of the image.
    """

    inputs: Tensor
    sample: PoseDataSample
    box: Tuple[float, float, float, float]

    @property
    def picture(self) -> np.ndarray:
        """The crop, shape (h, w, 3), RGB."""
        return np.ascontiguousarray(
            self.inputs.permute(1, 2, 0).numpy()[..., ::-1])

    def to_crop(self, point: Sequence[float]) -> np.ndarray:
        """Bring x, y from pixels of the image to pixels of the crop."""
        info = self.sample.metainfo
        scale = np.asarray(info['input_scale'])
        start = np.asarray(info['input_center']) - scale / 2
        return (np.asarray(point) - start) / scale * info['input_size']


def cut_crop(pipeline: Sequence[dict], metainfo: dict, path: Path,
             box: Optional[Sequence[float]] = None) -> Crop:
    """Cut a box out of an image as the test of a model does.

    Args:
        pipeline: Of the test set.
        metainfo: Of the dataset.
        path: The image.
        box: x, y, w, h in pixels of the image; None is all of it.

    Raises:
        ModelError: If the image cannot be read, or the box has no area or
            lies outside.
    """
    try:
        image = LoadCheckedImage().transform(dict(img_path=str(path)))['img']
    except FileNotFoundError as error:
        raise ModelError(f'{path} does not exist') from error
    except ValueError as error:
        raise ModelError(str(error)) from error
    height, width = image.shape[:2]
    x, y, w, h = box or (0., 0., float(width), float(height))
    if not (np.isfinite([x, y, w, h]).all() and w > 0 and h > 0):
        raise ModelError(f'--box {x:g} {y:g} {w:g} {h:g} has no area; write '
                         'x y w h in pixels of the image')
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise ModelError(f'--box {x:g} {y:g} {w:g} {h:g} lies outside of '
                         f'{path}, which is {width} pixels wide and {height} '
                         'high; write x y w h')
    packed = Compose(pipeline)(dict(
        metainfo, img=image, bbox=np.array([[x, y, x + w, y + h]], np.float32),
        bbox_score=np.ones(1, np.float32)))
    return Crop(packed['inputs'], packed['data_samples'], (x, y, w, h))
