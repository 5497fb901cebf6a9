# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Dict, List, Tuple


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

    @property
    def config(self) -> Path:
        """The config as it was run, all bases merged."""
        return self.scalar_files[-1].parent / 'config.py'

    @property
    def checkpoint(self) -> Path:
        """The best checkpoint, the last one if no best was kept.

        Raises:
            RunError: If there is none.
        """
        best = sorted(
            self.work_dir.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)
        if best:
            return best[-1]
        last = self.work_dir / 'last_checkpoint'
        if last.exists() and Path(last.read_text().strip()).exists():
            return Path(last.read_text().strip())
        raise RunError(f'{self.work_dir} holds no checkpoint; wait for the '
                       'first validation, or give one with --checkpoint')

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
            metrics = max(val, key=lambda entry: entry.get('coco/AP', 0.),
                          default={})
        return {key: value for key, value in metrics.items() if '/' in key}
