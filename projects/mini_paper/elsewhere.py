# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What experiments of other folders found, for the report: the mouse with
`vitpose-mm finetune`, keypoints by name, and ways to find people in crowds."""
import json
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np
from compare import Difference, compare, judge, show
from rows import ROOT, Pair

# Row to seed to value; more is better.
Values = Dict[str, Dict[int, float]]
NEW = 'not in the papers'


def read_mouse() -> Values:
    """Mean error on held-out frames, in pixels, with a minus."""
    found: Values = {}
    path = ROOT / 'projects' / 'own_data' / 'results' / 'mirror_mouse.json'
    for name, row in json.loads(path.read_text())['rows'].items():
        kind, seed = name.split()
        found.setdefault(kind, {})[int(seed)] = -row['error']['mean']
    return found


def read_names() -> Values:
    """PCK in percent: means over the keypoints and datasets in question."""
    path = ROOT / 'projects' / 'by_name' / 'results_gpu.json'
    rows = json.loads(path.read_text())['rows']
    methods = dict(named='by name', shared='a head for each',
                   separate='own models')
    parts: Dict[Tuple[str, int], List[float]] = {}
    for row in rows:
        method = methods[row['method'].split()[0]]
        for dataset, results in row['results'].items():
            own = results['own']
            places = []
            if row['row'] == 'all':
                places.append((f'{method}', list(own)))
            if row['row'] == 'quarter' and dataset == 'aic':
                places.append((f'{method}, a quarter', list(own)))
            if row['row'] in ('all', 'unlabelled') and dataset == 'aic':
                word = 'labelled' if row['row'] == 'all' else 'unlabelled'
                places.append((f'{method}, knees {word}',
                               [key for key in own if 'knee' in key]))
            for name, keys in places:
                parts.setdefault((name, row['seed']), []).append(
                    100 * float(np.mean([own[key] for key in keys])))
    found: Values = {}
    for (name, seed), values in parts.items():
        found.setdefault(name, {})[seed] = float(np.mean(values))
    return found


def read_crowds() -> Values:
    """AP in percent."""
    path = ROOT / 'projects' / 'query_pose' / 'results' / \
        'crowd_180_seconds_cuda.json'
    found: Values = {}
    for row in json.loads(path.read_text())['results']:
        found.setdefault(row['method'], {})[row['seed']] = \
            100 * row['coco/AP']
    return found


@dataclass(frozen=True)
class Elsewhere:
    """An experiment of another folder.

    Attributes:
        heading: Of its comparisons, with the unit.
        read: Gives its values.
        pairs: What is compared.
    """

    heading: str
    read: Callable[[], Values]
    pairs: List[Pair]


EXPERIMENTS = dict(
    finetune=Elsewhere('mean error, pixels less', read_mouse, [
        Pair('mae', 'vit', 'better', NEW),
        Pair('vit', 'resnet', 'better', NEW),
        Pair('vit', 'mean', 'better', NEW)]),
    names=Elsewhere('PCK@0.1, points more', read_names, [
        Pair('a head for each', 'own models', 'better',
             '+1.3 AP (COCO, + AIC + MPII)'),
        Pair('by name', 'a head for each', 'same', NEW),
        Pair('by name, a quarter', 'a head for each, a quarter', 'better',
             NEW),
        Pair('by name, knees unlabelled', 'a head for each, knees unlabelled',
             'better', NEW),
        Pair('by name, knees unlabelled', 'by name, knees labelled', 'same',
             NEW)]),
    crowds=Elsewhere('AP, points more', read_crowds, [
        Pair('topdown', 'ae', 'better', 'not in the papers on one network'),
        Pair('query', 'ae', 'better', NEW)]))


def differences(name: str) -> List[Tuple[Pair, Optional[Difference]]]:
    """Of each pair of an experiment."""
    experiment = EXPERIMENTS[name]
    values = experiment.read()
    return [(pair, compare(values.get(pair.row, {}),
                           values.get(pair.than, {})))
            for pair in experiment.pairs]


def write_elsewhere(name: str) -> str:
    """A line per comparison."""
    return '\n'.join([
        f'| {EXPERIMENTS[name].heading} | published | here | 95 % interval | '
        'p | seeds | |', '|---|---|---|---|---|---|---|', *(
            f'| {pair.row} after {pair.than} | {pair.published} | '
            f'{show(found)} | {judge(pair, found)} |'
            for pair, found in differences(name))])
