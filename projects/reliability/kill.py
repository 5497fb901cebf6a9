# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Kill a training again and again; it must end like one that was left alone.

The training of interrupted.py runs once to its end. A second one is killed
(SIGKILL, with its loader workers) and goes on with --resume each time: one of
four times while it starts, else at a random moment after its first step. What
is run is the script of `mim train mmpose`, forked from a process that has
imported everything, so that a start takes seconds. Weights, average,
optimiser, schedule, what the checkpoints' message hub knows of the best, and
every validation are then compared bit for bit, and so are the names of the
files of the best. Writes results/kill.json.

    VITPOSE_DATA=FOLDER python projects/reliability/kill.py --kills 20
"""
import json
import os
import random
import runpy
import signal
import sys
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import click
import torch

from vitpose_mm.checkpoints.read import read_checkpoint
from vitpose_mm.fileio import write_beside
from vitpose_tools.environment import versions
from vitpose_tools.progress import progress

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LAST = 'epoch_8.pth'
# Seconds of work of the next life, per epoch that the last one won, or where
# it won none.
SHORTER, LONGER = 0.7, 1.25
STEP, SAVING, TESTING = 'Epoch(train)', 'Saving checkpoint', 'Epoch(val)'
SERVER = get_context('forkserver')
SERVER.set_forkserver_preload(['vitpose_mm', 'mmpose.apis'])


def start(folder: Path, resume: bool, log: Path) -> ForkServerProcess:
    """A training in a process group of its own."""
    process = SERVER.Process(target=train, args=(folder, resume, log))
    process.start()
    return process


def train(folder: Path, resume: bool, log: Path) -> None:
    """Be MMPose's tools/train.py, which `mim train mmpose` runs."""
    os.setsid()
    with log.open('a') as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.chdir(ROOT)
    os.environ['TEACHER'] = str(folder.parent / 'teacher.pth')
    torch.set_num_threads(1)
    import mmpose
    script = Path(mmpose.__file__).parent / '.mim' / 'tools' / 'train.py'
    sys.argv = [str(script), str(HERE / 'interrupted.py'), '--work-dir',
                str(folder)] + ['--resume'] * resume
    runpy.run_path(str(script), run_name='__main__')


def finish(process: ForkServerProcess, log: Path) -> None:
    process.join()
    if process.exitcode:
        sys.exit(f'the training failed, see {log}')


def kill(process: ForkServerProcess) -> None:
    """End a training and its loader workers at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # before it has a group of its own
        process.kill()
    process.join()


def write_teacher(path: Path) -> None:
    """Weights for the config of the teacher, drawn at random."""
    from mmengine.config import Config
    from mmpose.models import build_pose_estimator
    from mmpose.utils import register_all_modules
    register_all_modules()
    config = Config.fromfile(ROOT / 'configs' / 'quickstart' /
                             'td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py')
    torch.manual_seed(0)
    model = build_pose_estimator(config.model)
    torch.save(model.state_dict(), path)


def step_of(folder: Path) -> int:
    """Epoch of the newest checkpoint."""
    epochs = [int(path.stem.split('_')[1])
              for path in folder.glob('epoch_*.pth')]
    return max(epochs, default=0)


def newest_log(folder: Path, known: Set[Path]) -> str:
    """What a run has logged that was not there before, or nothing."""
    found = sorted(set(folder.glob('*/*.log')) - known)
    return found[-1].read_text(errors='replace') if found else ''


def doing(log: str) -> str:
    """What a run was doing when its log ended."""
    places = {name: log.rfind(word) for name, word in dict(
        step=STEP, saving=SAVING, validation=TESTING).items()}
    last = max(places, key=places.get)
    return f'after a {last}' if places[last] >= 0 else 'start'


def live(process: ForkServerProcess, folder: Path, known: Set[Path],
         seconds: float, at_start: bool) -> None:
    """Wait until a run is to be killed, or has ended: for so many seconds
    from its start, or from its first step."""
    if not at_start:
        while process.exitcode is None and \
                STEP not in newest_log(folder, known):
            process.join(0.2)
    process.join(seconds)


def validations(folder: Path) -> Dict[int, Dict[str, float]]:
    """Metrics of each validation by epoch, in all logs of a run.

    A validation may be made up for, and then must say the same again.
    """
    found = {}
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            values = json.loads(line)
            if 'coco/AP' in values:
                metrics = {key: value for key, value in values.items()
                           if '/' in key}
                known = found.setdefault(values['step'], metrics)
                if known != metrics:
                    sys.exit(f'{folder}: two validations of step '
                             f'{values["step"]} differ')
    return found


def leaves(value: Any, name: str = '') -> Iterator[Tuple[str, Any]]:
    """All tensors and plain values of nested containers."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f'{name}.{key}')
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield from leaves(part, f'{name}.{index}')
    else:
        yield name, value


def differences(one: dict, other: dict) -> List[str]:
    """Names of what differs between two checkpoints."""
    keys = 'state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'
    pairs = [dict(leaves(dict({key: each[key] for key in keys},
                              best=best_of(each)))) for each in (one, other)]
    if pairs[0].keys() != pairs[1].keys():
        return sorted(pairs[0].keys() ^ pairs[1].keys())
    return [name for name, value in pairs[0].items()
            if not same(value, pairs[1][name])]


def best_of(checkpoint: dict) -> Dict[str, Any]:
    """What the message hub knows of the best, but the folder."""
    info = checkpoint['message_hub']['runtime_info']
    return {key: Path(value).name if key.startswith('best_ckpt') else value
            for key, value in info.items() if key.startswith('best')}


def best_files(folder: Path) -> List[str]:
    return sorted(path.name for path in folder.glob('best*.pth'))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    return one == other


@click.command()
@click.option('--kills', default=20, show_default=True)
@click.option('--seconds', default=3., show_default=True,
              help='Of work before a kill, at most; then more or less, as '
              'epochs are won.')
@click.option('--seed', default=0, show_default=True)
@click.option('--work-dir', default='work_dirs/kill', show_default=True,
              type=click.Path(path_type=Path))
@click.option('--out', default=HERE / 'results' / 'kill.json',
              type=click.Path(path_type=Path))
def main(kills: int, seconds: float, seed: int, work_dir: Path,
         out: Path) -> None:
    """Kill a training so many times and compare."""
    work_dir = work_dir.resolve()
    work_dir.mkdir(parents=True, exist_ok=True)
    whole, broken = work_dir / 'whole', work_dir / 'broken'
    write_teacher(work_dir / 'teacher.pth')
    log = work_dir / 'log.txt'
    if not whole.joinpath(LAST).exists():
        finish(start(whole, False, log), log)
    draw = random.Random(seed)
    moments: List[Dict[str, Any]] = []
    with progress('Kills', kills) as advance:
        while len(moments) < kills:
            before, known = step_of(broken), set(broken.glob('*/*.log'))
            at_start = draw.random() < 0.25
            after = draw.uniform(1., 10.) if at_start else \
                draw.uniform(0., seconds)
            process = start(broken, True, log)
            live(process, broken, known, after, at_start)
            if process.exitcode is not None:
                if process.exitcode:
                    sys.exit(f'a resumed training failed, see {log}')
                break  # it ended before it could be killed
            kill(process)
            won = step_of(broken) - before
            if not at_start:
                # Few epochs have to do for many kills, on any machine.
                seconds *= SHORTER**won if won else LONGER
            moments.append(dict(
                seconds=round(after, 2), epochs=won,
                doing=doing(newest_log(broken, known))))
            advance()
    finish(start(broken, True, log), log)
    found = differences(*(read_checkpoint(folder / LAST)
                          for folder in (whole, broken)))
    metrics = validations(whole) == validations(broken)
    if best_files(whole) != best_files(broken):
        found.append(f'{best_files(whole)} and {best_files(broken)}')
    result = dict(
        kills=len(moments), moments=moments, differing=found,
        validations_equal=metrics, validations=len(validations(whole)),
        cores=os.cpu_count(), threads=torch.get_num_threads(),
        versions=versions())
    out.parent.mkdir(parents=True, exist_ok=True)
    write_beside(out, lambda path: path.write_text(
        json.dumps(result, indent=2)))
    click.echo(f'{len(moments)} kills; {len(found)} values differ; '
               f'validations {"equal" if metrics else "DIFFER"}')
    sys.exit(bool(found) or not metrics)


if __name__ == '__main__':
    main()
