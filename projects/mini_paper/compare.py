# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Means, spreads and paired tests of runs, from their JSON alone."""
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np
from rows import UNITS, Pair, Table
from scipy import stats

# Two rows count as the same if the difference is within so many points, for
# certain.
MARGIN = 2.
LEVEL = .05
HELD, NOT_HELD, OPEN = 'held', 'not held', 'not decidable at this size'
NOT_RUN = 'not run'


def values(runs: List[dict], row: str, metric: str) -> Dict[int, float]:
    """Seed to value of a metric, of the runs of a row that have it."""
    return {run['seed']: run['metrics'][metric] for run in runs
            if run['name'] == row and metric in run['metrics']}


def points(table: Table, runs: List[dict], row: str) -> Dict[int, float]:
    """Seed to the metric that decides, in points; more is better."""
    return {seed: UNITS[table.unit] * value for seed, value in
            values(runs, row, table.metric).items()}


@dataclass(frozen=True)
class Difference:
    """Of two rows, over the seeds that both have, in points.

    Attributes:
        mean: Mean difference.
        low, high: 95 % interval of it, by Student's t of the differences.
        p: Of the two-sided paired t test.
        seeds: How many.
    """
    mean: float
    low: float
    high: float
    p: float
    seeds: int


def compare(a: Dict[int, float],
            b: Dict[int, float]) -> Optional[Difference]:
    """Compare a with b, seed by seed; None of fewer than two seeds."""
    seeds = sorted(set(a) & set(b))
    if len(seeds) < 2:
        return None
    gains = np.array([a[seed] - b[seed] for seed in seeds])
    mean, spread = gains.mean(), gains.std(ddof=1)
    if spread == 0:
        return Difference(mean, mean, mean, float(mean == 0), len(seeds))
    reach = stats.t.ppf(1 - LEVEL / 2, len(seeds) - 1) * spread / len(
        seeds)**.5
    return Difference(mean, mean - reach, mean + reach,
                      float(stats.ttest_1samp(gains, 0).pvalue), len(seeds))


def judge(pair: Pair, found: Optional[Difference]) -> str:
    """Whether what was claimed of a pair was seen."""
    if found is None:
        return NOT_RUN
    if pair.expect == 'same':
        if -MARGIN < found.low and found.high < MARGIN:
            return HELD
        apart = found.low > MARGIN or found.high < -MARGIN
        return NOT_HELD if apart else OPEN
    if found.p >= LEVEL or found.seeds < 3:
        return OPEN
    return HELD if (found.mean > 0) == (pair.expect == 'better') else NOT_HELD


def show_mean(found: Optional[Difference]) -> str:
    """The mean; nothing if there is none."""
    return '' if found is None else f'{found.mean:+.1f}'


def show(found: Optional[Difference]) -> str:
    """Columns of a table: mean, interval, p, seeds."""
    if found is None:
        return '| | | 0'
    return (f'{show_mean(found)} | {found.low:+.1f} to {found.high:+.1f} | '
            f'{found.p:.3f} | {found.seeds}')


def mean_and_spread(found: Dict[int, float]) -> Tuple[float, float]:
    """Mean and standard deviation (NaN of one) over seeds."""
    numbers = np.array(list(found.values()))
    return numbers.mean(), (
        numbers.std(ddof=1) if len(numbers) > 1 else np.nan)
