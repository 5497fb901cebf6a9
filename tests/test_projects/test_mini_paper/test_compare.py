# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy import stats


def seeds(*numbers):
    return dict(enumerate(numbers))


def test_difference_is_that_of_the_paired_test(load):
    rng = np.random.default_rng(0)
    a, b = rng.normal(.5, .1, (2, 5))
    found = load('compare').compare(seeds(*a), seeds(*b))
    wanted = stats.ttest_rel(a, b)

    assert found.mean == pytest.approx(np.mean(a) - np.mean(b))
    assert found.p == pytest.approx(wanted.pvalue)
    interval = wanted.confidence_interval(.95)
    assert (found.low, found.high) == pytest.approx(tuple(interval))
    assert found.seeds == 5


def test_only_seeds_of_both_rows_are_compared(load):
    found = load('compare').compare({0: .1, 1: .2, 4: .9}, {0: .0, 1: .1})
    assert found.seeds == 2 and found.mean == pytest.approx(.1)
    assert load('compare').compare({0: .1}, {0: .2}) is None


@pytest.mark.parametrize('expect, gains, verdict', [
    ('better', (10, 11, 12), 'held'),
    ('better', (-10, -11, -12), 'not held'),
    ('better', (10, -11, 12), 'not decidable at this size'),
    ('better', (10, 10.01), 'not decidable at this size'),
    ('worse', (-10, -11, -12), 'held'),
    ('worse', (10, 11, 12), 'not held'),
    ('same', (.1, .2, .3), 'held'),
    ('same', (10, 11, 12), 'not held'),
    ('same', (0, 6, -6), 'not decidable at this size'),
    ('same', (), 'not run'),
])
def test_verdicts(load, expect, gains, verdict):
    compare, rows = load('compare'), load('rows')
    pair = rows.Pair('a', 'b', expect, '')
    found = compare.compare(seeds(*gains), seeds(*[0] * len(gains)))
    assert compare.judge(pair, found) == verdict


@pytest.mark.parametrize('unit, value, wanted', [
    ('percent', .25, 25.), ('pixels', .25, -.25)])
def test_points_are_more_where_a_row_is_better(load, unit, value, wanted):
    compare, rows = load('compare'), load('rows')
    table = rows.Table('t', '', '', [], {'key': ''}, [], {}, unit=unit)
    runs = [dict(name='a', seed=3, metrics=dict(key=value))]
    assert compare.points(table, runs, 'a') == {3: pytest.approx(wanted)}
