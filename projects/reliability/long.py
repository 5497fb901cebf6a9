# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Whether memory and open files of a long run stay flat.

Runs `mim train mmpose` with the training of interrupted.py for 2,000
iterations, then `mim test mmpose` with 5,000 drawn crops, and looks at each
process of theirs, loader workers included, once a second: resident memory
without pages of files, of which other programs would have a share, and open
files. After the first quarter of a run, which fills caches, neither may grow
by more than the limits below until its end. At last a training is killed
(SIGKILL), and no shared memory may be left. Writes results/long.json.

    VITPOSE_DATA=FOLDER python projects/reliability/long.py
"""
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Dict, List

import click
import psutil
from kill import write_teacher  # beside this script

from vitpose_mm.fileio import write_beside
from vitpose_tools.environment import versions

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
QUICKSTART = ROOT / 'configs' / 'quickstart' / (
    'td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py')
SHARED = Path('/dev/shm')
MIM = [sys.executable, '-m', 'mim']
STEPS_OF_EPOCH = 3  # of interrupted.py, which has a handful of samples
# Between the second and the last quarter.
MOST_MEGABYTES, MOST_FILES = 20., 1.


def own_megabytes(pid: int) -> float:
    """Resident memory of a process that is no file's; what it shares with
    its parent counts for both by halves."""
    text = Path(f'/proc/{pid}/smaps_rollup').read_text()
    return sum(int(line.split()[1]) for line in text.splitlines()
               if line.startswith(('Pss_Anon:', 'Pss_Shmem:'))) / 2**10


def look(process: psutil.Process) -> Dict[str, float]:
    """Memory in MB and open files of a process and its children."""
    megabytes = files = 0.
    for each in [process, *process.children(recursive=True)]:
        try:
            megabytes += own_megabytes(each.pid)
            files += each.num_fds()
        except (psutil.NoSuchProcess, OSError):  # it has just ended
            pass
    return dict(megabytes=megabytes, files=files)


def start(arguments: List[str], folder: Path, log: IO) -> subprocess.Popen:
    """Run mim, in a process group of its own, with one thread."""
    return subprocess.Popen(
        [*MIM, *arguments], cwd=ROOT, stdout=log, stderr=log,
        start_new_session=True,
        env=dict(os.environ, OMP_NUM_THREADS='1',
                 TEACHER=str(folder / 'teacher.pth')))


def watch(name: str, arguments: List[str], folder: Path,
          steps: int, word: str) -> dict:
    """Run to the end and compare the second with the last quarter of its
    work.

    Args:
        name: Of the run.
        arguments: After ``mim``.
        folder: Its work directory.
        steps: How many steps its log counts.
        word: What stands before their number in the log.
    """
    log = folder / f'{name}.log'
    folder.mkdir(parents=True, exist_ok=True)
    seen = []
    with log.open('w') as out:
        run = start(arguments, folder, out)
        process = psutil.Process(run.pid)
        while run.poll() is None:
            if seen or word in log.read_text(errors='replace'):
                seen.append(look(process))
            time.sleep(1)
    if run.returncode:
        sys.exit(f'{name} failed, see {log}')
    quarter = len(seen) // 4
    result = dict(steps=steps, looks=len(seen))
    for key in ('megabytes', 'files'):
        early, late = (
            statistics.median(look[key] for look in part)
            for part in (seen[quarter:2 * quarter], seen[-quarter - 2:-2]))
        result[key] = dict(second_quarter=round(early, 1),
                           last_quarter=round(late, 1),
                           largest=round(max(s[key] for s in seen), 1),
                           over_time=[round(seen[index][key], 1) for index in
                                      range(0, len(seen), -(-len(seen) // 40)
                                            )])
    click.echo(f'{name}: {result}')
    return result


def grown(result: dict) -> bool:
    rise = {key: result[key]['last_quarter'] - result[key]['second_quarter']
            for key in ('megabytes', 'files')}
    return rise['megabytes'] > MOST_MEGABYTES or rise['files'] > MOST_FILES


def kill_workers(arguments: List[str], folder: Path) -> List[str]:
    """Kill a training with its workers; returns what stays in shared
    memory."""
    before = set(os.listdir(SHARED))
    log = folder / 'killed.log'
    with log.open('w') as out:
        run = start(arguments, folder, out)
        while run.poll() is None and 'Epoch(train)' not in log.read_text():
            time.sleep(1)
        if run.poll() is not None:
            sys.exit(f'the training to be killed ended, see {log}')
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    time.sleep(2)
    return sorted(set(os.listdir(SHARED)) - before)


@click.command()
@click.option('--iterations', default=2000, show_default=True)
@click.option('--crops', default=5000, show_default=True)
@click.option('--work-dir', default='work_dirs/long', show_default=True,
              type=click.Path(path_type=Path))
@click.option('--out', default=HERE / 'results' / 'long.json',
              type=click.Path(path_type=Path))
def main(iterations: int, crops: int, work_dir: Path, out: Path) -> None:
    """Watch a long training and a long test."""
    work_dir = work_dir.resolve()
    work_dir.mkdir(parents=True, exist_ok=True)
    write_teacher(work_dir / 'teacher.pth')
    train = ['train', 'mmpose', str(HERE / 'interrupted.py'), '--work-dir']
    epochs = -(-iterations // STEPS_OF_EPOCH)
    long = ['--cfg-options', f'train_cfg.max_epochs={epochs}',
            f'train_cfg.val_interval={max(1, epochs // 4)}',
            f'param_scheduler.1.end={epochs}',
            f'default_hooks.checkpoint.interval={max(1, epochs // 20)}']
    found = dict(training=watch(
        'training', [*train, str(work_dir / 'training'), *long], work_dir,
        epochs * STEPS_OF_EPOCH, 'Epoch(train)'))
    drawn = work_dir / 'data' / 'synth' / 'val'
    subprocess.run(
        [str(Path(sys.executable).with_name('vitpose-mm')), 'synth',
         str(drawn), '--images', str(crops), '--people', '1', '--seed', '1'],
        check=True)
    found['test'] = watch('test', [
        'test', 'mmpose', str(QUICKSTART), '-C', str(work_dir / 'teacher.pth'),
        '--work-dir', str(work_dir / 'test'), '--cfg-options',
        f'test_dataloader.dataset.data_root={drawn.parent}',
        f'test_evaluator.ann_file={drawn / "annotations.json"}',
        'test_dataloader.num_workers=2', 'test_dataloader.batch_size=16',
        'default_hooks.logger.interval=1'
    ], work_dir, crops, 'Epoch(test)')
    left = kill_workers([*train, str(work_dir / 'killed')], work_dir)
    found.update(shared_memory_left=left, cores=os.cpu_count(),
                 versions=versions())
    out.parent.mkdir(parents=True, exist_ok=True)
    write_beside(out, lambda path: path.write_text(
        json.dumps(found, indent=2)))
    sys.exit(bool(left) or grown(found['training']) or grown(found['test']))


if __name__ == '__main__':
    main()
