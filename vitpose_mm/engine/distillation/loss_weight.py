# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple, Union


class LossWeight(NamedTuple):
    """A weight that changes linearly during training.

    A function of the epoch or iteration alone, so a resumed run goes on with
    the same values.

    Attributes:
        start: Weight until ``begin``.
        stop: Weight from ``end`` on.
        begin, end: Epochs, or iterations.
        by_epoch: Whether ``begin`` and ``end`` count epochs.
    """

    start: float
    stop: float
    begin: int
    end: int
    by_epoch: bool = True

    def at(self, epoch: int, iteration: int) -> float:
        """The weight in an epoch and iteration, both counted from 0."""
        now = epoch if self.by_epoch else iteration
        done = (now - self.begin) / (self.end - self.begin)
        done = min(max(done, 0.), 1.)
        return self.start + (self.stop - self.start) * done


def parse_loss_weight(value: Union[float, dict]) -> LossWeight:
    """Read a hook's argument: a constant, or the fields of LossWeight.

    Raises:
        ValueError: If it is neither, or negative.
    """
    if not isinstance(value, dict):
        value = dict(start=float(value), stop=float(value), begin=0, end=1)
    fields = {'start', 'stop', 'begin', 'end'}
    if not fields <= set(value) <= {*fields, 'by_epoch'} or \
            value['begin'] >= value['end']:
        raise ValueError(
            f'loss_weight={value} must be a number or dict(start=, stop=, '
            'begin=, end=, by_epoch=True) with begin < end')
    weight = LossWeight(**value)
    if not min(weight.start, weight.stop) >= 0:
        raise ValueError(f'loss_weight={weight.start} to {weight.stop} must '
                         'not be negative')
    return weight
