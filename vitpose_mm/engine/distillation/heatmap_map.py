# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from mmpose.models.heads import AssociativeEmbeddingHead, CIDHead, DEKRHead
from torch import Tensor, nn

# What they predict beside heatmaps must not be taken for these.
BOTTOM_UP = AssociativeEmbeddingHead, CIDHead, DEKRHead


class HeatmapMap(nn.Module):
    """Turns a teacher's heatmaps into targets for a student.

    Both codecs say how many pixels of a crop one heatmap pixel is: w - 1
    distances of centres for UDP, w pixels for others. The maps are resampled
    so that a keypoint comes to lie where the student's own codec would have
    put it.

    Args:
        student: Head of the student, with its codec.
        teacher: Head of the teacher, likewise.
        keypoint_map: (teacher's index, student's index) of the keypoints to
            compare, as in MMPose's KeypointConverter; by default all.

    Raises:
        ValueError: If a head has no codec for heatmaps or the keypoints do
            not match.
    """

    def __init__(self, student: nn.Module, teacher: nn.Module,
                 keypoint_map: Optional[Sequence[Tuple[int, int]]]) -> None:
        super().__init__()
        check_keypoints(student, teacher, keypoint_map)
        pairs = torch.tensor(keypoint_map).T if keypoint_map else (None, None)
        self.register_buffer('teacher_keypoints', pairs[0])
        self.register_buffer('student_keypoints', pairs[1])
        self.register_buffer(
            'grid', sampling_grid(codec_of(student), codec_of(teacher)))

    def forward(self, heatmaps: Tensor) -> Tensor:
        """Map heatmaps.

        Args:
            heatmaps: The teacher's, shape (B, K, h, w) in its pixels.

        Returns:
            Shape (B, K', h', w') in the student's heatmap pixels, K' being
            the pairs of ``keypoint_map``.
        """
        if self.teacher_keypoints is not None:
            heatmaps = heatmaps[:, self.teacher_keypoints]
        if self.grid is not None:
            grid = self.grid.expand(len(heatmaps), -1, -1, -1)
            heatmaps = F.grid_sample(
                heatmaps, grid, padding_mode='border', align_corners=True)
        return heatmaps


def codec_of(head: nn.Module) -> object:
    """The codec of a head.

    Raises:
        ValueError: If it has none that relates a heatmap to a crop.
    """
    if isinstance(head, BOTTOM_UP):
        raise ValueError(
            f'{type(head).__name__} cannot be distilled: it finds everybody '
            'in an image by more than heatmaps (bottom-up); student and '
            'teacher need a top-down head for heatmaps')
    codec = getattr(head, 'decoder', None)
    if not hasattr(codec, 'heatmap_size') or np.size(codec.scale_factor) != 2:
        raise ValueError(
            f'{type(head).__name__} with decoder={type(codec).__name__} '
            'cannot be distilled: student and teacher need a head for '
            'heatmaps with the codec that it is trained with, as in '
            'head=dict(decoder=codec)')
    return codec


def check_keypoints(student: nn.Module, teacher: nn.Module,
                    keypoint_map: Optional[Sequence[Tuple[int, int]]]) -> None:
    """Raise ValueError if the keypoints of two heads do not match."""
    counts = teacher.out_channels, student.out_channels
    if keypoint_map is None and counts[0] != counts[1]:
        raise ValueError(
            f'the teacher has {counts[0]} keypoints and the student '
            f'{counts[1]}: give keypoint_map, a list of (index of the '
            'teacher, index of the student)')
    for pair in keypoint_map or ():
        if not all(0 <= i < count for i, count in zip(pair, counts)):
            raise ValueError(
                f'keypoint_map has {tuple(pair)}, but the teacher has '
                f'{counts[0]} keypoints and the student {counts[1]}')


def sampling_grid(student: object, teacher: object) -> Optional[Tensor]:
    """Where the student's heatmap pixels lie in the teacher's heatmaps.

    Args:
        student: Codec of the student.
        teacher: Codec of the teacher.

    Returns:
        (x, y) in units of grid_sample, shape (1, h, w, 2) of the student's
        heatmap; None if the pixels are the same.
    """
    size, size_t = (np.array(c.input_size) for c in (student, teacher))
    shape, shape_t = (np.array(c.heatmap_size) for c in (student, teacher))
    # Student's heatmap pixel -> its crop -> teacher's crop -> heatmap pixel.
    step = student.scale_factor * ((size_t - 1) / (size - 1)) \
        / teacher.scale_factor
    if np.allclose(step, 1) and (shape == shape_t).all():
        return None
    x, y = (
        torch.arange(n, dtype=torch.float32) * (2 * s / (n_t - 1)) - 1
        for n, n_t, s in zip(shape.tolist(), shape_t.tolist(), step.tolist()))
    rows, cols = torch.meshgrid(y, x, indexing='ij')
    return torch.stack([cols, rows], dim=-1)[None]
