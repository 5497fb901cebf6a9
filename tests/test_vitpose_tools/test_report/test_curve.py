# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import pytest

from vitpose_tools.report import draw_curve

TRAIN = [dict(loss=1 / step, epoch=1, step=step) for step in (1, 2, 3)]


@pytest.mark.parametrize('val', [[], [{'step': 1, 'coco/AP': 0.5}]])
def test_curve_shows_the_metric_where_there_is_one(val, tmp_path):
    draw_curve(TRAIN, val, 'coco/AP', tmp_path / 'curve.png')
    picture = cv2.imread(str(tmp_path / 'curve.png')).astype(int)
    blue, _, red = picture[..., 0], picture[..., 1], picture[..., 2]
    assert ((blue - red) > 80).any()
    assert ((red - blue) > 80).any() == bool(val)
