# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which run starts when, and in what process."""
import multiprocessing
import os
import shutil
import time
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import click
import torch
from jobs import Job, to_do
from train import train


def make_context(device: str) -> BaseContext:
    """How processes start: forked from one that has imported MMPose, which
    costs nothing, or anew where a forked one cannot use the GPU."""
    if device == 'cpu':
        # MMEngine looks for GPUs when it is imported.
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    # To look for GPUs without starting CUDA, which no fork survives.
    os.environ['PYTORCH_NVML_BASED_CUDA_CHECK'] = '1'
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['vitpose_mm', 'mmpose.apis'])
    if device == 'cuda':
        trial = context.Process(target=torch.cuda.init)
        trial.start()
        trial.join()
        if trial.exitcode:
            click.echo('Processes cannot be forked with this CUDA; each run '
                       'imports MMPose itself.', err=True)
            return multiprocessing.get_context('spawn')
    return context


class Scheduler:
    """Runs jobs, several at a time, each in a process of its own.

    Args:
        work_dir: Of all runs.
        device: 'cpu' or 'cuda'.
        most: Jobs at a time.
        until: Time after which nothing starts, as time.monotonic(); None for
            no limit.
    """

    def __init__(self, work_dir: Path, device: str, most: int,
                 until: Optional[float]) -> None:
        self.work_dir = work_dir
        self.device = device
        self.most = most
        self.until = until
        self.context = make_context(device)
        self.running: Dict[int, Tuple[Job, object]] = {}
        self.failed: List[Job] = []

    def run(self, jobs: List[Job],
            on_end: Callable[[Job], None]) -> None:
        """Run what is not done yet.

        Args:
            jobs: What is needed before what needs it.
            on_end: Gets each job that ended well.
        """
        waiting = to_do(jobs, self.work_dir)
        while waiting or self.running:
            for job in list(waiting):
                if len(self.running) >= self.most or self.is_late():
                    break
                # By key: a run has another name in each table.
                needs = {need.key for _, need in job.needs}
                unfinished = waiting + [
                    other for other, _ in self.running.values()]
                if needs & {other.key for other in self.failed}:
                    waiting.remove(job)
                    self.failed.append(job)
                elif not needs & {other.key for other in unfinished}:
                    waiting.remove(job)
                    self.start(job)
            if not self.running:
                return
            wait(list(self.running))
            for end in [end for end, (_, process) in self.running.items()
                        if not process.is_alive()]:
                job, process = self.running.pop(end)
                process.join()
                if self.is_done(job):
                    on_end(job)
                else:
                    self.failed.append(job)
                    click.echo(f'{job.key} failed: '
                               f'{self.cause(job)}', err=True)

    def is_done(self, job: Job) -> bool:
        return job.record(self.work_dir).exists()

    def is_late(self) -> bool:
        return self.until is not None and time.monotonic() > self.until

    def start(self, job: Job) -> None:
        """Start a job from nothing; half a run is thrown away."""
        folder = job.folder(self.work_dir)
        shutil.rmtree(folder, ignore_errors=True)
        job.record(self.work_dir).unlink(missing_ok=True)
        arguments = job.arguments(self.work_dir)
        note = dict(
            name=job.row.name, seed=job.seed, config=job.row.config,
            options=dict(job.options), tool=job.row.tool, device=self.device)
        process = self.context.Process(target=train, args=(
            job.row.tool, arguments, note, folder,
            job.record(self.work_dir), self.device))
        process.start()
        self.running[process.sentinel] = job, process

    def cause(self, job: Job) -> str:
        """Last line of the log, and where it is."""
        log = job.folder(self.work_dir) / 'log.txt'
        lines = log.read_text().split('\n') if log.exists() else []
        lines = [line for line in lines if line.strip()] or ['no output']
        return f'{lines[-1]} ({log})'

    def stop(self) -> None:
        """End what runs."""
        for _, process in self.running.values():
            process.kill()
