# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Do the papers' claims hold, in small?

    python projects/mini_paper/run.py --table kinds --seeds 3

trains what projects/mini_paper/tables/kinds.yml says, on data that
`vitpose-mm synth` draws first, and writes results/kinds_small_cpu.json. What
is done is not done again: interrupt it at any time.
"""
import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Set, Tuple

import click
from jobs import Job, jobs_of, make_job, read_record, to_do
from mmengine.logging import MMLogger
from mouse import MOUSE, is_there, prepare
from rows import HERE, Form, Table, read_form, read_table, table_names
from schedule import Scheduler

from vitpose_mm.fileio import write_beside
from vitpose_tools.environment import pick_device
from vitpose_tools.progress import progress
from vitpose_tools.synth import SKELETONS, write_dataset

# In the order of the experts; the seeds of their data sets.
KINDS = dict(person=11, person_14=12, person_16=13, dog_17=14, giraffe_17=15,
             whole_body_40=16)


def draw(form: Form, kinds: Set[str], data: Path, workers: int) -> None:
    """Draw the data of a form as `vitpose-mm synth` does, unless that is
    done.

    Raises:
        click.ClickException: If a folder holds other data.
    """
    for kind in sorted(kinds, key=list(KINDS).index):
        for part, more in (('train', 0), ('val', 10)):
            out = data / 'mini_paper' / kind / part
            number = form.images[part]
            try:
                with progress(f'Drawing {kind}', number) as advance:
                    write_dataset(
                        SKELETONS[kind], out, number, KINDS[kind] + more,
                        workers, on_image=advance, people=form.people,
                        hard=True)
            except ValueError as error:
                raise click.ClickException(
                    f'{error}; give another --data to form {form.name}')


class Collector:
    """Writes the records of a table's finished runs into one file.

    Args:
        table, form: Of the runs.
        seeds: How many.
        work_dir: Of all runs.
        out: The file.
    """

    def __init__(self, table: Table, form: Form, seeds: int, work_dir: Path,
                 out: Path) -> None:
        self.table, self.form, self.out = table, form, out
        self.work_dir = work_dir
        self.rows = [(row.name, seed, make_job(row, seed, table, form))
                     for seed in range(seeds) for row in table.rows_in(form)]
        self.stages = {
            job.key: (stage.name, job.seed, job) for seed in range(seeds)
            for stage in table.stages.values()
            for job in [make_job(stage, seed, table, form)]}
        self.records: Dict[str, dict] = {}

    def save(self) -> None:
        """Write what is done by now."""
        runs = self.read(self.rows)
        if not runs:
            return
        content = dict(table=self.table.name, form=self.form.name, runs=runs,
                       stages=self.read(self.stages.values()))
        write_beside(self.out, lambda path: path.write_text(
            json.dumps(content, indent=1) + '\n'))

    def read(self, jobs: Iterable[Tuple[str, int, Job]]) -> List[dict]:
        """Records of what is done, under the names of this table."""
        found = []
        for name, seed, job in jobs:
            if job.key not in self.records:
                record = read_record(job, self.work_dir)
                if record is None:
                    continue
                self.records[job.key] = record
            found.append(dict(self.records[job.key], name=name, seed=seed))
        return found


@click.command()
@click.option('--table', 'names', multiple=True,
              type=click.Choice(table_names()),
              help='Which tables; all by default.')
@click.option('--row', 'only', multiple=True,
              help='Which rows of them; all by default.')
@click.option('--form', 'form_name', default='small', show_default=True,
              help='How large: a file of forms/.')
@click.option('--seeds', default=3, show_default=True)
@click.option('--jobs', type=click.IntRange(1), default=1, show_default=True,
              help='Runs at a time, each of one thread.')
@click.option('--minutes', type=float,
              help='Nothing starts after so many; what runs is waited for.')
@click.option('--device', type=click.Choice(['cpu', 'cuda']),
              help='By default CUDA if there is one.')
@click.option('--work-dir', default='work_dirs/mini_paper',
              type=click.Path(path_type=Path), show_default=True)
@click.option('--data', default='data', type=click.Path(path_type=Path),
              help='Folder of the data; VITPOSE_DATA of the runs.')
@click.option('--mirror-mouse', 'mouse', type=click.Path(
    exists=True, file_okay=False, path_type=Path),
              help='Folder of mirror-mouse, which table mouse needs once.')
@click.option('--out', default=HERE / 'results', show_default='results/',
              type=click.Path(path_type=Path))
def main(names: Tuple[str, ...], only: Tuple[str, ...], form_name: str,
         seeds: int, jobs: int, minutes: Optional[float],
         device: Optional[str], work_dir: Path, data: Path,
         mouse: Optional[Path], out: Path) -> None:
    """Train the rows of tables; what is done is kept."""
    began = time.monotonic()
    # Ends like Ctrl-C, with what runs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended'))
    # Not what MMEngine says of each config that it reads.
    MMLogger.get_current_instance().setLevel('WARNING')
    warnings.filterwarnings('ignore', message='pkg_resources')
    device = pick_device(device)
    form = read_form(form_name)
    work_dir = (work_dir / f'{form.name}_{device}').resolve()
    if not names and not mouse and not is_there(data):
        click.echo(f'Table {MOUSE} is left out; it needs --mirror-mouse.',
                   err=True)
        names = tuple(name for name in table_names() if name != MOUSE)
    tables = [read_table(name) for name in names or table_names()]
    unknown = set(only) - {name for table in tables for name in table.rows}
    if unknown:
        raise click.ClickException(
            f'no row of {", ".join(table.name for table in tables)} is '
            f'called {sorted(unknown)}')
    os.environ['VITPOSE_DATA'] = str(data.resolve())
    kinds = {kind for table in tables for kind in table.kinds}
    if MOUSE in kinds:
        prepare(mouse, data)
    draw(form, kinds - {MOUSE}, data, workers=jobs)
    found: Dict[str, Job] = {}
    # One table after the other, in the order asked for.
    for table in tables:
        for job in jobs_of(table, form, seeds, only):
            found.setdefault(job.key, job)
    left = to_do(list(found.values()), work_dir)
    click.echo(f'{len(found)} runs, {len(left)} of them to do')
    until = None if minutes is None else began + 60 * minutes
    scheduler = Scheduler(work_dir, device, jobs, until)
    first = time.monotonic()
    done = 0

    def on_end(job: Job) -> None:
        nonlocal done
        done += 1
        spent = time.monotonic() - first
        record = read_record(job, work_dir)
        shown = '  '.join(f'{key} {value:.3f}' for key, value in
                          record['metrics'].items()
                          if key.split('/')[-1] in ('AP', 'PCK'))
        minutes_left = spent / done * (len(left) - done) / 60
        click.echo(f'{done}/{len(left)}  {job.row.name}, seed {job.seed}: '
                   f'{shown}  ({record["wall_seconds"]:.0f} s; '
                   f'{minutes_left:.0f} min left)')
        save()

    collectors = [
        Collector(table, form, seeds, work_dir,
                  out / f'{table.name}_{form.name}_{device}.json')
        for table in tables]

    def save() -> None:
        for collector in collectors:
            collector.save()

    try:
        scheduler.run(list(found.values()), on_end)
    finally:
        scheduler.stop()
    save()
    if scheduler.failed:
        raise click.ClickException(
            f'{len(scheduler.failed)} runs failed, see above')


if __name__ == '__main__':
    main()
