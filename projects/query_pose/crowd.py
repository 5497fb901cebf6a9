# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Drawn crowds: queries, associative embedding, and top-down with true boxes,
from one start, for equal seconds, on one machine.

Draws the data and trains the start where they are missing; then trains each
method with each seed, one method at a time with its seeds side by side, so
that no method slows another, or all at once, and writes the JSON file after
each, and in each run's folder what it finds on held-out pictures (sheet.jpg).
The learning rate follows the clock, so that a schedule ends well whatever the
speed.

    python projects/query_pose/crowd.py --seconds 150 --workers 3
    python projects/query_pose/crowd.py --methods query,query@256,topdown
    python projects/query_pose/crowd.py --rehearse
"""
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import click

QUICKSTART = Path(__file__).resolve().parents[2] / 'configs' / 'quickstart'
CONFIGS = dict(
    start='td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py',
    query='query_ViTPose-tiny_1xb4-5e_crowd-192x192.py',
    ae='ae_ViTPose-tiny_1xb4-5e_crowd-192x192.py',
    topdown='td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py')
# Crops of a batch for each image of the others': as many people.
CROPS = dict(start=4, topdown=3)
# The start is trained for this share of the seconds of the others.
START_SHARE = 0.4
WARM_UP = 0.02
SIDE = 192  # of the configs' images
FACTOR = 32  # of which BottomupResize takes multiples
SHOWN = 8  # of the held-out pictures or people, in a sheet


@click.command()
@click.option('--data', type=click.Path(path_type=Path),
              default=Path('work_dirs/query_pose/data'), show_default=True)
@click.option('--out', type=click.Path(path_type=Path),
              default=Path('work_dirs/query_pose/crowd.json'),
              show_default=True)
@click.option('--start', type=click.Path(exists=True, path_type=Path),
              help='Weights of the quickstart; trained here by default.')
@click.option('--methods', default='query,ae,topdown', show_default=True,
              help='query@256 is for images of 256x256.')
@click.option('--at-once', is_flag=True,
              help='All methods side by side, not one after the other.')
@click.option('--seeds', default='0,1', show_default=True)
@click.option('--seconds', default=150., show_default=True,
              help='Of training, of each.')
@click.option('--workers', default=3, show_default=True,
              help='Processes that load data, of each.')
@click.option('--images', default=6000, show_default=True)
@click.option('--batch', default=4, show_default=True,
              help='Images of a batch, three times as many crops.')
@click.option('--query-lr', type=float,
              help='That of the config, by default, is for 4 images.')
@click.option('--rehearse', is_flag=True, help='A few steps of everything.')
def main(data: Path, out: Path, start: Path, methods: str, at_once: bool,
         seeds: str, seconds: float, workers: int, images: int, batch: int,
         query_lr: Optional[float], rehearse: bool) -> None:
    """Measure."""
    names = methods.split(',')
    for name in names:
        check_method(name)
    if rehearse:
        images, seconds, workers = 16, 6., min(workers, 1)
    out.parent.mkdir(parents=True, exist_ok=True)
    draw(data, ('crowd', ) if start else ('synth', 'crowd'), images,
         8 if rehearse else 200)
    if start is None:
        run_all([dict(method='start', seed=0, seconds=seconds * START_SHARE,
                      workers=workers, batch=batch, data=str(data),
                      start=None, out=str(out.parent), lr=None)])
        start = out.parent / 'start_0' / 'last.pth'
    results: List[dict] = []
    for group in [names] if at_once else [[name] for name in names]:
        results += run_all([
            dict(method=method, seed=int(seed), seconds=seconds,
                 workers=workers, batch=batch, data=str(data),
                 start=str(start), out=str(out.parent),
                 lr=query_lr if method.startswith('query') else None)
            for method in group for seed in seeds.split(',')
        ])
        out.write_text(json.dumps(results, indent=1) + '\n')
    for result in results:
        click.echo(result)
    if len(results) < len(names) * len(seeds.split(',')):
        raise click.ClickException('some trainings failed, see above')


def check_method(name: str) -> None:
    """Refuse what would fail after the training."""
    method, at, side = name.partition('@')
    if method not in CONFIGS or method == 'start':
        raise click.BadParameter(f'{name}: no method; take query, ae or '
                                 'topdown', param_hint='--methods')
    if at and (method == 'topdown' or not side.isdecimal()
               or int(side) % FACTOR or not int(side)):
        raise click.BadParameter(
            f'{name}: the side of images is a multiple of {FACTOR}, and '
            'top-down has none', param_hint='--methods')


def draw(data: Path, names: Sequence[str], images: int,
         held_out: int) -> None:
    """Draw people: crowds, and single ones for the start."""
    jobs = [
        subprocess.Popen([
            sys.executable, '-c',
            'from vitpose_tools.cli import main; main()', 'synth',
            str(data / name / part), '--images', str(number), '--seed',
            str(seed), *(('--people', '3') if name == 'crowd' else ())
        ]) for name in names
        for part, number, seed in (('train', images, 1),
                                   ('val', held_out, 2))
        if not (data / name / part / 'annotations.json').exists()
    ]
    if any([job.wait() for job in jobs]):
        raise click.ClickException('the data were not drawn')


def run_all(wishes: List[dict]) -> List[dict]:
    """Train side by side, each in a process of its own."""
    jobs = []
    for wish in wishes:
        folder = Path(wish['out']) / f'{wish["method"]}_{wish["seed"]}'
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / 'log.txt', 'w') as log:
            jobs.append((folder, subprocess.Popen(
                [sys.executable, __file__, '--one', json.dumps(wish)],
                stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, 'VITPOSE_DATA': wish['data']})))
    results = []
    for folder, job in jobs:
        if job.wait():
            log = (folder / 'log.txt').read_text()
            click.echo(f'{folder.name} failed:\n{log[-2000:]}', err=True)
        else:
            results.append(json.loads((folder / 'result.json').read_text()))
    return results


def train(method: str, seed: int, seconds: float, workers: int, batch: int,
          data: str, start: str, out: str, lr: Optional[float]) -> None:
    """Train one model and write what it scores to result.json."""
    import cv2
    import torch
    from mmengine.config import Config
    from mmengine.runner import Runner

    from vitpose_tools.report.contact_sheet import draw_contact_sheet

    # Loaders hand over many small tensors, each by a connection with
    # descriptors, the default: 84 ms of processor time for 32 images of
    # queries, 30 by way of files.
    torch.multiprocessing.set_sharing_strategy('file_system')
    folder = Path(out) / f'{method}_{seed}'
    name, _, side = method.partition('@')
    config = Config.fromfile(QUICKSTART / CONFIGS[name])
    if side:
        config = Config(resized(config.to_dict(), int(side)))
    config.optim_wrapper.optimizer.lr = lr or config.optim_wrapper.optimizer.lr
    config.work_dir = str(folder)
    config.load_from = start
    if name == 'query':
        config.model.neck.finest.init_cfg.checkpoint = start
    config.randomness = dict(seed=seed)
    config.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=10**9, val_interval=10**9)
    config.param_scheduler = None
    config.default_hooks.pop('checkpoint')
    config.default_hooks.logger.interval = 200
    config.custom_hooks = [
        hook for hook in config.custom_hooks
        if hook['type'] in ('ModelDataCheckHook', 'NaNHook')
    ]
    for part in ('train', 'val'):
        loader = config[f'{part}_dataloader']
        loader.update(num_workers=workers, persistent_workers=workers > 0)
        if name == 'topdown':
            loader.dataset.data_root = f'{data}/crowd'
    if name == 'topdown':
        config.val_evaluator.ann_file = f'{data}/crowd/val/annotations.json'
    loader = config.train_dataloader
    loader.batch_size = batch * CROPS.get(name, 1)
    loader.sampler = dict(type='InfiniteSampler', shuffle=True)
    config.test_dataloader = config.test_cfg = config.test_evaluator = None
    runner = Runner.from_cfg(config)
    clock = make_clock(seconds)
    runner.register_hook(clock)
    runner.train()
    scores = runner.val()
    cv2.imwrite(str(folder / 'sheet.jpg'), draw_contact_sheet(
        runner.model, runner.val_loop.dataloader.dataset, SHOWN))
    torch.save(dict(state_dict=runner.model.state_dict()),
               folder / 'last.pth')
    (folder / 'result.json').write_text(json.dumps(dict(
        method=method, seed=seed,
        lr=config.optim_wrapper.optimizer.lr, seconds=round(clock.elapsed, 1),
        iterations=clock.steps, batch_size=loader.batch_size,
        parameters=sum(param.numel() for param in runner.model.parameters()),
        device=torch.cuda.get_device_name() if torch.cuda.is_available()
        else 'cpu', torch=torch.__version__,
        **{key: round(float(value), 4) for key, value in scores.items()})))


def resized(node: Any, side: int) -> Any:
    """A config for images of other sides, and heatmaps of a quarter."""
    if isinstance(node, dict):
        return {key: resized(value, side) for key, value in node.items()}
    if node in ((SIDE, SIDE), (SIDE // 4, SIDE // 4)):
        return tuple(value * side // SIDE for value in node)
    if isinstance(node, (list, tuple)):
        return type(node)(resized(value, side) for value in node)
    return node


def make_clock(seconds: float) -> object:
    """A hook that lets the learning rates rise and fall with the time."""
    from mmengine.hooks import Hook

    class Clock(Hook):
        """Linear rise, then half a cosine; starts with the second step, for
        the first waits for loaders and kernels."""

        def __init__(self) -> None:
            self.begin, self.elapsed, self.steps = None, 0., 0

        def before_train_iter(self, runner, batch_idx: int,
                              data_batch=None) -> None:
            if self.begin is not None:
                self.elapsed = time.monotonic() - self.begin
            share = min(self.elapsed / seconds, 1.)
            factor = min(share / WARM_UP, 1.) * 0.5 * (
                1 + math.cos(math.pi * share))
            for group in runner.optim_wrapper.param_groups:
                group['lr'] = group.setdefault('peak', group['lr']) * factor

        def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                             outputs=None) -> None:
            self.steps += 1
            self.begin = self.begin or time.monotonic()
            runner.train_loop.stop_training = self.elapsed >= seconds

    return Clock()


if __name__ == '__main__':
    if sys.argv[1:2] == ['--one']:
        wish: Dict = json.loads(sys.argv[2])
        train(**wish)
    else:
        main()
