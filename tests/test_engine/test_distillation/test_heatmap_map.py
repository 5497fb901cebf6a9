# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmpose.registry import KEYPOINT_CODECS

from vitpose_mm.engine.distillation.heatmap_map import HeatmapMap


def head(kind: str,
         input_size: tuple,
         heatmap_size: tuple,
         sigma: float,
         out_channels: int = 2) -> SimpleNamespace:
    codec = KEYPOINT_CODECS.build(
        dict(
            type=kind,
            input_size=input_size,
            heatmap_size=heatmap_size,
            sigma=sigma))
    return SimpleNamespace(decoder=codec, out_channels=out_channels)


def draw(decoder: object, points: np.ndarray) -> torch.Tensor:
    """Gaussians at (x, y) in pixels of the crop."""
    w, h = decoder.heatmap_size
    x, y = (points / decoder.scale_factor).T[..., None, None]
    rows, cols = np.mgrid[:h, :w]
    sigma = np.ravel(decoder.sigma)[0]
    return torch.tensor(
        np.exp(-((cols - x)**2 + (rows - y)**2) / (2 * sigma**2))).float()


def centres(maps: torch.Tensor) -> np.ndarray:
    """Centres of mass (x, y) in pixels of the map."""
    h, w = maps.shape[-2:]
    rows, cols = np.mgrid[:h, :w]
    maps = maps.numpy()
    total = maps.sum((-2, -1))
    return np.stack([(maps * cols).sum((-2, -1)) / total, (maps * rows).sum(
        (-2, -1)) / total], -1)


@pytest.mark.parametrize('student_kind', ['UDPHeatmap', 'MSRAHeatmap'])
@pytest.mark.parametrize('teacher_kind', ['UDPHeatmap', 'MSRAHeatmap'])
@pytest.mark.parametrize('sizes',
                         [((192, 256), (48, 64)), ((96, 128), (24, 32)),
                          ((288, 384), (72, 96))])
def test_keypoints_come_to_lie_where_the_students_codec_puts_them(
        student_kind, teacher_kind, sizes):
    student = head(student_kind, (192, 256), (48, 64), 1.5)
    teacher = head(teacher_kind, *sizes, 1.5)
    points = np.array([[70., 90.], [120., 160.]])  # pixels of the crop
    scale = (np.array(sizes[0]) - 1) / (np.array([192, 256]) - 1)
    maps = draw(teacher.decoder, points * scale)
    mapped = HeatmapMap(student, teacher, None)(maps[None])[0]
    assert mapped.shape == (2, 64, 48)
    np.testing.assert_allclose(
        centres(mapped), points / student.decoder.scale_factor, atol=0.05)


def test_equal_codecs_leave_heatmaps_alone():
    student, teacher = (
        head('UDPHeatmap', (192, 256), (48, 64), 2) for _ in range(2))
    maps = torch.rand(1, 2, 64, 48)
    assert HeatmapMap(student, teacher, None)(maps) is maps


def test_a_head_without_heatmaps_is_refused():
    simcc = SimpleNamespace(
        decoder=KEYPOINT_CODECS.build(
            dict(
                type='SimCCLabel',
                input_size=(192, 256),
                sigma=6.,
                simcc_split_ratio=2.)),
        out_channels=2)
    with pytest.raises(ValueError, match='decoder=SimCCLabel cannot be'):
        HeatmapMap(simcc, head('UDPHeatmap', (192, 256), (48, 64), 2), None)
