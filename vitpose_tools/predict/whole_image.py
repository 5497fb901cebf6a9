# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import NamedTuple, Optional, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from torch import nn

from vitpose_mm.models.pose_estimators.fast_topdown import autocast
from .open_model import build_model, find_pipeline
from .poses import Skeleton


class People(NamedTuple):
    """The N people that a model found in an image.

    Args:
        keypoints: (x, y) in image pixels, shape (N, K, 2).
        scores: Of the keypoints, shape (N, K).
        boxes: x1, y1, x2, y2 in image pixels, shape (N, 4).
        box_scores: Of the people, shape (N,).
    """

    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    box_scores: np.ndarray


class WholeImageModel:
    """An estimator of MMPose that finds its people itself: bottom-up or
    one-stage.

    Args:
        model: Of init_model, in eval mode. It is changed.
        flip, dtype: As for TorchNetwork.
    """

    def __init__(self, model: nn.Module, pipeline: list,
                 flip: Optional[bool] = None,
                 dtype: Optional[str] = None) -> None:
        self.model = model
        self.skeleton = Skeleton.of_metainfo(model.dataset_meta)
        self.device = next(model.parameters()).device
        self.dtype = dtype or 'float32'
        if flip is not None:
            model.test_cfg['flip_test'] = flip
            model.head.test_cfg['flip_test'] = flip
        self.flip = bool(model.test_cfg.get('flip_test', False))
        init_default_scope(model.cfg.get('default_scope', 'mmpose'))
        self.pipeline = Compose(pipeline)

    def __call__(self, image: np.ndarray) -> People:
        """Find the people of one image.

        Args:
            image: BGR, shape (h, w, 3), uint8.
        """
        data = self.pipeline(dict(self.model.dataset_meta, img=image))
        dtype = None if self.dtype == 'float32' else self.dtype
        with torch.inference_mode(), autocast(self.device, dtype):
            result, = self.model.test_step(pseudo_collate([data]))
        found = result.pred_instances
        count = len(self.skeleton.names)
        keypoints = as_array(found.keypoints).reshape(-1, count, 2)
        scores = as_array(found.keypoint_scores).reshape(-1, count)
        boxes = as_array(found.bboxes) if 'bboxes' in found else \
            extents(keypoints)
        box_scores = as_array(found.bbox_scores) if 'bbox_scores' in found \
            else scores.mean(1)
        return People(keypoints, scores, boxes.reshape(-1, 4),
                      box_scores.reshape(-1))


def as_array(values: Union[torch.Tensor, np.ndarray]) -> np.ndarray:
    return values.float().cpu().numpy() if isinstance(
        values, torch.Tensor) else np.asarray(values)


def extents(keypoints: np.ndarray) -> np.ndarray:
    """x1, y1, x2, y2 around the keypoints (N, K, 2) of each, (N, 4)."""
    return np.concatenate((keypoints.min(1), keypoints.max(1)), axis=1)


def open_whole_image(config: Config, path: Union[str, Path],
                     checkpoint: Union[str, Path],
                     dataset: Optional[str] = None,
                     device: Optional[str] = None,
                     flip: Optional[bool] = None,
                     dtype: Optional[str] = None) -> WholeImageModel:
    """Build a model that needs no boxes; see WholeImageModel.

    Raises:
        ModelError: If this is not possible.
        CheckpointError: If the weights cannot be read.
    """
    pipeline = find_pipeline(config, path, dataset)
    model = build_model(config, path, checkpoint, device, dataset)
    return WholeImageModel(model, pipeline, flip, dtype)
