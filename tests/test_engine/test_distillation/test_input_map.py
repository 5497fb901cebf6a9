# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import itertools

import pytest
import torch
from mmpose.registry import MODELS

from vitpose_mm.engine.distillation.input_map import InputMap

KINDS = ('PoseDataPreprocessor', 'HeatmapDataPreprocessor')
MEAN, STD = [120., 110., 100.], [60., 50., 40.]


def preprocessor(kind: str, mean: list, std: list, bgr_to_rgb: bool):
    config = dict(type=kind, mean=mean, std=std, bgr_to_rgb=bgr_to_rgb)
    if kind == 'HeatmapDataPreprocessor':
        config['codec'] = dict(
            type='BatchUDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16))
    return MODELS.build(config)


@pytest.mark.parametrize('kinds', itertools.product(KINDS, KINDS))
@pytest.mark.parametrize('swapped', itertools.product((0, 1), (0, 1)))
@pytest.mark.parametrize('mean, std', [
    (MEAN, STD), ([10., 20., 30.], STD), ([10., 20., 30.], [1., 2., 3.])])
def test_the_teacher_sees_what_its_own_preprocessor_makes(
        kinds, swapped, mean, std):
    student = preprocessor(kinds[0], MEAN, STD, bool(swapped[0]))
    teacher = preprocessor(kinds[1], mean, std, bool(swapped[1]))
    images = list(torch.randint(0, 256, (2, 3, 64, 48)).byte())
    crops, expected = (each(dict(inputs=images, data_samples=[]))['inputs']
                       for each in (student, teacher))

    mapped = InputMap(student, teacher, None)(crops)

    torch.testing.assert_close(mapped, expected, rtol=1e-5, atol=1e-4)
