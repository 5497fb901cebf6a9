# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.model import ImgDataPreprocessor
from torch import Tensor, nn


class InputMap(nn.Module):
    """Turns a student's normalised crops into a teacher's.

    Args:
        student: Data preprocessor of the student.
        teacher: That of the teacher.
        size: (h, w) of the teacher's crops in pixels, None if it is the
            student's.

    Raises:
        ValueError: If a preprocessor does not normalise by mean and standard
            deviation.
    """

    def __init__(self, student: nn.Module, teacher: nn.Module,
                 size: Optional[Tuple[int, int]]) -> None:
        super().__init__()
        mean, std, swapped = normalisation(student)
        mean_t, std_t, swapped_t = normalisation(teacher)
        self.swaps = swapped != swapped_t
        if self.swaps:
            mean, std = mean.flip(0), std.flip(0)
        self.is_same = torch.equal(mean, mean_t) and torch.equal(std, std_t)
        self.register_buffer('scale', std / std_t)
        self.register_buffer('shift', (mean - mean_t) / std_t)
        self.size = size

    def forward(self, inputs: Tensor) -> Tensor:
        """Map crops.

        Args:
            inputs: As the student gets them, shape (B, 3, H, W).

        Returns:
            Shape (B, 3, h, w) for ``size``.
        """
        if self.swaps:
            inputs = inputs.flip(1)
        if not self.is_same:
            inputs = inputs * self.scale + self.shift
        if self.size is not None:
            # Corner to corner: the scale is (w - 1) / (W - 1), which
            # HeatmapMap counts on.
            inputs = F.interpolate(
                inputs, self.size, mode='bilinear', align_corners=True)
        return inputs


def normalisation(preprocessor: nn.Module) -> Tuple[Tensor, Tensor, bool]:
    """Mean and standard deviation of the three channels, shape (3, 1, 1), and
    whether the loaded BGR channels are swapped.

    Raises:
        ValueError: If the preprocessor is of another kind.
    """
    if not isinstance(preprocessor, ImgDataPreprocessor):
        raise ValueError(
            f'{type(preprocessor).__name__} is no data preprocessor that '
            'distillation knows: student and teacher need a '
            'PoseDataPreprocessor, whose mean and std tell how to turn the '
            "student's crops into the teacher's")
    # Absent in a preprocessor that only casts; (1, 1, 1) for grey images.
    mean = getattr(preprocessor, 'mean', torch.zeros(1, 1, 1))
    std = getattr(preprocessor, 'std', torch.ones(1, 1, 1))
    return (mean.cpu().expand(3, 1, 1), std.cpu().expand(3, 1, 1),
            preprocessor._channel_conversion)
