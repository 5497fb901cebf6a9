# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import pytest

from vitpose_tools.report import RunError, draw_curve

TRAIN = [dict(loss=1 / step, epoch=1, step=step) for step in (1, 2, 3)]


@pytest.mark.parametrize('val', [[], [{'step': 1, 'coco/AP': 0.5}]])
def test_curve_shows_the_metric_where_there_is_one(val, tmp_path):
    draw_curve(TRAIN, val, 'coco/AP', False).savefig(tmp_path / 'curve.png')
    picture = cv2.imread(str(tmp_path / 'curve.png')).astype(int)
    blue, _, red = picture[..., 0], picture[..., 1], picture[..., 2]
    assert ((blue - red) > 80).any()
    assert ((red - blue) > 80).any() == bool(val)


def test_a_run_that_counts_iterations_is_drawn_over_them():
    train = [dict(loss=1., iter=step, step=step) for step in (50, 100)]
    val = [{'step': 50, 'hand/EPE': 30.}, {'step': 100, 'hand/EPE': 20.}]
    loss, metric = draw_curve(train, val, 'hand/EPE', True).axes
    assert loss.get_xlabel() == 'iteration'
    assert loss.lines[0].get_xdata().tolist() == [50, 100]
    assert metric.lines[0].get_xdata().tolist() == [50, 100]
    assert [text.get_text() for text in metric.texts] == ['20']
    assert metric.get_ylim()[1] > 30


def test_a_run_of_which_nothing_is_known_is_said():
    with pytest.raises(RunError, match='nothing was logged'):
        draw_curve([], [], '', False)
