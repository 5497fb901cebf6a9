# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import math
from functools import cached_property
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from mmengine.config import Config
from mmengine.hooks import CheckpointHook

# Parts of names of metrics of which less is better.
LESS = ('epe', 'nme', 'mpjpe', 'mrrpe', 'loss', 'error', 'rmse')
# What MMEngine logs beside metrics. Those of MMPose need no prefix: EPE, PCK.
NO_METRICS = ('step', 'epoch', 'iter', 'time', 'data_time', 'memory', 'eta')


class RunError(RuntimeError):
    """A work directory lacks what a report needs; the message says what."""


class Run:
    """What MMEngine left behind of one training: config, scalars, weights.

    Args:
        work_dir: The ``--work-dir`` of ``mim train``.

    Raises:
        RunError: If there is no such training.
    """

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        # A resumed training has a folder of logs for each of its parts.
        self.scalar_files = sorted(work_dir.glob('*/vis_data/scalars.json'))
        if not self.scalar_files:
            raise RunError(
                f'{work_dir} holds no training: it has no '
                '*/vis_data/scalars.json; give the --work-dir of mim train')

    @cached_property
    def config(self) -> Config:
        """The config as it was run, all bases merged.

        Raises:
            RunError: If it cannot be read.
        """
        path = self.scalar_files[-1].parent / 'config.py'
        try:
            return Config.fromfile(path)
        except Exception as error:  # of whatever the text leads to
            raise RunError(f'{path} was not read: {error}') from error

    @property
    def checkpoint(self) -> Optional[Path]:
        """The best checkpoint, the last one if no best was kept; None if
        there is none yet."""
        best = sorted(
            self.work_dir.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)
        if best:
            # Of several metrics, the first that the config names.
            start = f"best_{str(self.save_best[0]).replace('/', '_')}_"
            named = [path for path in best if path.name.startswith(start)]
            return (named or best)[-1]
        last = self.work_dir / 'last_checkpoint'
        if last.exists() and Path(last.read_text().strip()).exists():
            return Path(last.read_text().strip())
        return None

    @cached_property
    def save_best(self) -> Tuple[Optional[str], Optional[str]]:
        """Metric by which the config keeps the best checkpoint, and its rule,
        'greater' or 'less'; None where it does not say."""
        try:
            options = self.config.get('default_hooks', {}).get('checkpoint')
        except RunError:
            return None, None
        keys, rules = ((options or {}).get(key)
                       for key in ('save_best', 'rule'))
        key = keys[0] if isinstance(keys, (list, tuple)) else keys
        rule = rules[0] if isinstance(rules, (list, tuple)) else rules
        if key in (None, 'auto'):
            return None, rule
        if rule is None:
            try:
                rule = CheckpointHook(save_best=key).rules[0]
            except ValueError:  # MMEngine does not know this name either.
                pass
        return key, rule

    def metric(self, entries: List[dict]) -> Tuple[str, bool]:
        """What a report ranks by.

        Args:
            entries: Validations or tests.

        Returns:
            Name of the metric, and whether less of it is better: what the
            config keeps the best checkpoint by; else COCO's AP; else the
            first one. Empty if there is none.
        """
        key, rule = self.save_best
        names = {name: None for entry in entries for name, number in
                 entry.items()
                 if name not in NO_METRICS and is_number(number)}
        if key not in names:
            key = 'coco/AP' if 'coco/AP' in names else next(iter(names), '')
            rule = rule if self.save_best[0] is None else None
        if rule is None:
            rule = 'less' if any(
                word in key.lower() for word in LESS) else 'greater'
        return key, rule == 'less'

    def scalars(self) -> Tuple[List[dict], List[dict]]:
        """Logged values: of training, one dict per logged iteration, and of
        validation, one per validated epoch; a part that was run again after
        a resume counts once."""
        train: Dict[int, dict] = {}
        val: Dict[int, dict] = {}
        for path in self.scalar_files:
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue  # the line that an interruption cut
                if 'step' in entry:
                    (train if 'loss' in entry else val)[entry['step']] = entry
        return ([train[step] for step in sorted(train)],
                [val[step] for step in sorted(val)])

    def test_metrics(self) -> Dict[str, float]:
        """Metrics of the latest test in this folder, of the best validation
        where none was run: name, for example 'coco/AP', to value."""
        tests = sorted(
            path for path in self.work_dir.rglob('*.json')
            if path.stem == path.parent.name)
        if tests:
            metrics = json.loads(tests[-1].read_text())
        else:
            _, val = self.scalars()
            metrics = find_best(val, *self.metric(val)) or {}
        return {key: value for key, value in metrics.items()
                if key not in NO_METRICS}


def coco_metrics(metrics: Dict[str, float]) -> Dict[str, float]:
    """COCO's 'AP', 'AP50' and 'AP75', empty where not all were measured."""
    names = {'AP': 'coco/AP', 'AP50': 'coco/AP .5', 'AP75': 'coco/AP .75'}
    if not all(name in metrics for name in names.values()):
        return {}
    return {short: metrics[name] for short, name in names.items()}


def find_best(entries: List[dict], metric: str,
              less: bool) -> Optional[dict]:
    """The entry with the best number of a metric, the first of equals; None
    if no entry has one."""
    entries = [entry for entry in entries if is_number(entry.get(metric))]
    choose = min if less else max
    return choose(entries, key=lambda entry: entry[metric], default=None)


def is_number(value: object) -> bool:
    """Whether a logged value is a number that can be compared."""
    return isinstance(value, (int, float)) and math.isfinite(value)
