# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Optional, Sequence, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpose.models import build_pose_estimator
from torch import Tensor, nn

from .heatmap_map import HeatmapMap, codec_of
from .input_map import InputMap


class Teacher:
    """A trained model that says what heatmaps it sees in a student's crops.

    It is no module of the student, nor itself a module: ``train()``, state
    dicts, optimisers, EMA and data-parallel wrappers never meet it.

    Args:
        model: Built and loaded top-down estimator, on the CPU.
        student: The student, unwrapped.
        student_head: The head of it that learns.
        keypoint_map: See HeatmapMap.
        dtype: Precision of weights and computation.

    Raises:
        ValueError: If student and teacher do not fit together.
    """

    def __init__(self, model: nn.Module, student: nn.Module,
                 student_head: nn.Module,
                 keypoint_map: Optional[Sequence[Tuple[int, int]]],
                 dtype: torch.dtype) -> None:
        size, own_size = (
            tuple(codec_of(head).input_size[::-1])
            for head in (model.head, student_head))
        device = next(student.parameters()).device
        self.map_inputs = InputMap(
            student.data_preprocessor, model.data_preprocessor,
            None if size == own_size else size).to(device)
        self.map_heatmaps = HeatmapMap(student_head, model.head,
                                       keypoint_map).to(device)
        self.model = model.eval().requires_grad_(False).to(device, dtype)
        self.dtype = dtype

    def __call__(self, inputs: Tensor) -> Tensor:
        """Predict heatmaps.

        Args:
            inputs: The student's normalised crops, shape (B, 3, H, W).

        Returns:
            What the student should predict, shape (B, K', h, w), float32,
            without gradient.
        """
        with torch.inference_mode(), torch.autocast(
                inputs.device.type, enabled=False):
            inputs = self.map_inputs(inputs.float()).to(self.dtype)
            heatmaps = last_stage(self.model(inputs, None, mode='tensor'))
            heatmaps = self.map_heatmaps(heatmaps.float())
        # A copy, because the loss may not keep inference tensors.
        return heatmaps.clone()


def last_stage(heatmaps: Union[Tensor, Sequence[Tensor]]) -> Tensor:
    """The final heatmaps of a head, which may return those of all stages."""
    return heatmaps[-1] if isinstance(heatmaps, (list, tuple)) else heatmaps


def build_teacher(config: str, checkpoint: str) -> nn.Module:
    """Build a model and load all of its weights.

    Args:
        config: Path of its config.
        checkpoint: Path or address of its weights.

    Returns:
        The model on the CPU, with ``dataset_meta`` of the file or None.

    Raises:
        ValueError: If there is no such config, it has no single head, or
            the file does not hold exactly its weights.
    """
    if not Path(config).is_file():
        raise ValueError(f"the teacher's config {config} does not exist")
    cfg = Config.fromfile(config)
    model = build_pose_estimator(cfg.model) if 'model' in cfg else None
    if not hasattr(model, 'head'):
        raise ValueError(
            f'{config} has no head to learn from; a teacher is a top-down '
            'model with one head')
    load_all_weights(model, config, checkpoint)
    return model


def load_all_weights(model: nn.Module, config: str, checkpoint: str) -> None:
    """Load a checkpoint that must hold every tensor of a model.

    Raises:
        ValueError: If it does not, or holds others.
    """
    try:
        loaded = load_checkpoint(model, checkpoint, 'cpu', strict=True)
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f'the teacher of {config} was not loaded from {checkpoint}: '
            f'{error}') from error
    model.dataset_meta = loaded.get('meta', {}).get('dataset_meta')
