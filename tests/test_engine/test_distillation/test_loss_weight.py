# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest

from vitpose_mm.engine.distillation import parse_loss_weight


def test_a_number_stays():
    assert parse_loss_weight(0.5).at(0, 0) == parse_loss_weight(0.5).at(
        99, 9999) == 0.5


@pytest.mark.parametrize('by_epoch', [True, False])
def test_a_schedule_is_linear_between_its_ends(by_epoch):
    weight = parse_loss_weight(
        dict(start=1., stop=0., begin=2, end=6, by_epoch=by_epoch))
    values = [
        weight.at(*((now, -1) if by_epoch else (-1, now))) for now in range(8)
    ]
    assert values == [1., 1., 1., 0.75, 0.5, 0.25, 0., 0.]
