# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from vitpose_tools.predict import PredictError
from vitpose_tools.predict.frame import Boxes
from vitpose_tools.predict.given_boxes import as_boxes

BOX = [1, 2, 30, 40]


@pytest.mark.parametrize('given', [
    BOX, [BOX], np.array([BOX]), np.array(BOX, float), torch.tensor([BOX]),
    [[*BOX, 1.]], Boxes(np.array([BOX]), np.ones(1))])
def test_one_box_in_any_form(given):
    boxes = as_boxes(given, '')
    assert boxes.xyxy.dtype == np.float32
    assert boxes.xyxy.tolist() == [BOX] and boxes.scores.tolist() == [1]


def test_scores_stand_in_a_fifth_column():
    assert as_boxes([[*BOX, .25], [*BOX, .5]], '').scores.tolist() == [
        .25, .5]


@pytest.mark.parametrize('given', [None, [], np.empty((0, 4)),
                                   np.empty((0, 5))])
def test_nobody_is_no_box(given):
    assert as_boxes(given, '').xyxy.shape == (0, 4)
    assert as_boxes(given, '').scores.shape == (0, )


@pytest.mark.parametrize('given, reason', [
    ([[1, 2, float('nan'), 4]], 'a box of a.png is not finite'),
    ([[1, 2, 3, 4, float('nan')]], 'a.png is not finite'),
    ([[1, 2, 1, 4]], r'box \[1.0, 2.0, 1.0, 4.0\] of a.png has no area'),
    ([BOX, [30, 40, -5, -5]], 'x1 < x2 and y1 < y2'),
    ([[1, 2, 3]], 'boxes of a.png are no'), ('abc', 'of a.png are no'),
    ([BOX, [1]], 'of a.png are no'), (np.zeros((2, 2, 4)), 'a.png are no')])
def test_what_is_no_box_is_named(given, reason):
    with pytest.raises(PredictError, match=reason):
        as_boxes(given, 'a.png')
