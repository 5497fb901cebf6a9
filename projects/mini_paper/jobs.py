# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Trainings of a table: what each needs, where it is, whether it is done."""
import argparse
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from mmengine.config import Config, DictAction
from rows import ROOT, Form, Row, Table

PLACE = re.compile(r'\{(\w+)(?::([\w.]+))?\}')


@dataclass(frozen=True)
class Job:
    """One training with one seed.

    Attributes:
        key: Name of its folder and its JSON. It depends on all that decides
            the result: merged config, options, seed, data, stages.
        needs: Stage to the job that has to be done first.
    """
    row: Row
    seed: int
    options: Tuple[Tuple[str, str], ...]
    key: str
    needs: Tuple[Tuple[str, 'Job'], ...]

    def record(self, work_dir: Path) -> Path:
        """The JSON that is there when the run is done."""
        return work_dir / 'runs' / f'{self.key}.json'

    def folder(self, work_dir: Path) -> Path:
        """The --work-dir of mim train."""
        return work_dir / self.key

    def arguments(self, work_dir: Path) -> List[str]:
        """What `mim train TOOL` gets after the tool's name."""
        filled = [f'{key}={self.fill(value, work_dir)}'
                  for key, value in self.options]
        return [self.row.config, '--work-dir', str(self.folder(work_dir)),
                '--cfg-options', *filled, f'randomness.seed={self.seed}']

    def fill(self, value: str, work_dir: Path) -> str:
        """Put the files of stages into the value of an option."""
        needs = dict(self.needs)

        def path(found: re.Match) -> str:
            if found[1] not in needs:
                return found[0]
            folder = needs[found[1]].folder(work_dir)
            if found[2]:
                return str(folder / found[2])
            return (folder / 'last_checkpoint').read_text().strip()

        return PLACE.sub(path, value)


def make_job(row: Row, seed: int, table: Table, form: Form) -> Job:
    """The training of a row, or stage, for one seed of the table."""
    seed = row.seed(seed)
    options = {**row.options, **form.options[row.tool]}
    options.update(multiplied(ROOT / row.config, options,
                              form.times[row.tool]))
    names = {found[1] for value in options.values()
             for found in PLACE.finditer(value)}
    needs = tuple((name, make_job(table.stages[name], seed, table, form))
                  for name in sorted(names & set(table.stages)))
    text = json.dumps([
        row.tool, merged(ROOT / row.config, options), options, seed,
        form.images, form.people, [need.key for _, need in needs]],
        sort_keys=True, default=str)
    digest = hashlib.sha1(text.encode()).hexdigest()[:8]
    return Job(row, seed, tuple(options.items()),
               f'{Path(row.config).stem}-{digest}-{seed}', needs)


def multiplied(config: Path, options: Dict[str, str],
               times: Dict[str, int]) -> Dict[str, str]:
    """Options with so many times their value, of those that a row has."""
    found = {}
    if times:
        content = json.loads(merged(config, options))
        for key, factor in times.items():
            value = look_up(content, key)
            if value is not None:
                found[key] = str(value * factor)
    return found


def look_up(content: object, key: str) -> Optional[int]:
    """The number at a key with dots, None if there is none."""
    for part in key.split('.'):
        if isinstance(content, list):
            content = content[int(part)] if int(part) < len(content) else None
        else:
            content = content.get(part) if isinstance(content, dict) else None
    return content


_merged: Dict[tuple, str] = {}


def merged(config: Path, options: Dict[str, str]) -> str:
    """A config with its bases and the options."""
    key = config, tuple(options.items())
    if key not in _merged:
        cfg = Config.fromfile(config, import_custom_modules=False)
        cfg.merge_from_dict(parsed(options))
        # Where the data are does not matter.
        _merged[key] = json.dumps(cfg.to_dict(), default=str).replace(
            os.environ.get('VITPOSE_DATA', 'data'), 'data')
    return _merged[key]


def parsed(options: Dict[str, str]) -> dict:
    """Values of options as --cfg-options understands them."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction)
    words = [f'{key}={value}' for key, value in options.items()]
    return parser.parse_args(['--cfg-options', *words]).cfg_options or {}


def jobs_of(table: Table, form: Form, seeds: int,
            only: Sequence[str] = ()) -> List[Job]:
    """Trainings of a table, or of some of its rows, stages before what needs
    them, one seed after the other, so that an interruption leaves whole
    comparisons."""
    found: Dict[str, Job] = {}

    def add(job: Job) -> None:
        for _, need in job.needs:
            add(need)
        found.setdefault(job.key, job)

    for seed in range(seeds):
        for row in table.rows_in(form):
            if not only or row.name in only:
                add(make_job(row, seed, table, form))
    return list(found.values())


def to_do(jobs: Sequence[Job], work_dir: Path) -> List[Job]:
    """What is not done, and what is done but left no checkpoint for it.

    Args:
        jobs: What is needed before what needs it.
    """
    left = {job.key for job in jobs if not job.record(work_dir).exists()}
    for job in reversed(jobs):
        if job.key in left:
            left |= {need.key for _, need in job.needs if not (
                need.folder(work_dir) / 'last_checkpoint').exists()}
    return [job for job in jobs if job.key in left]


def read_record(job: Job, work_dir: Path) -> Optional[dict]:
    """What a finished run left; None if it is not done."""
    path = job.record(work_dir)
    return json.loads(path.read_text()) if path.exists() else None
