# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One training in a process of its own, as `mim train` does it."""
import json
import os
import resource
import runpy
import statistics
import sys
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, List
from unittest import mock

from rows import ROOT

from vitpose_mm.fileio import write_beside


def train(tool: str, arguments: List[str], note: dict, folder: Path,
          record: Path, device: str) -> None:
    """Train, then write the record; meant for a new process.

    Runs the script that `mim train TOOL` starts, with the same arguments.
    What it logs of the machine's compilers and the neat layout of the
    config's text, which take longer than a small training, are left out.

    Args:
        tool: 'mmpose' or 'mmpretrain'.
        arguments: Of `mim train TOOL`.
        note: What the record is to say of the run besides.
        folder: The --work-dir.
        record: JSON that appears when all is done.
        device: 'cpu' or 'cuda'.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / 'log.txt', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(ROOT)
    start, before = time.time(), os.times()
    import torch
    torch.set_num_threads(1)
    if tool == 'mmpretrain':
        from vitpose_tools.benchmark.recipes import import_mmpretrain
        import_mmpretrain()
    script = Path(find_spec(tool).origin).parent / '.mim/tools/train.py'
    sys.argv = [str(script), *arguments]
    with without_long_logs():
        runpy.run_path(str(script), run_name='__main__')
    spent = os.times()
    from vitpose_tools.benchmark.measure import environment
    content = dict(
        note,
        **results(folder, tool),
        wall_seconds=round(time.time() - start, 1),
        cpu_seconds=round(spent.user + spent.system - before.user -
                          before.system, 1),
        peak_memory_mib=resource.getrusage(
            resource.RUSAGE_SELF).ru_maxrss // 1024,
        peak_gpu_memory_mib=torch.cuda.max_memory_allocated() // 2**20
        if device == 'cuda' else None,
        environment=environment())
    write_beside(record, lambda path: path.write_text(
        json.dumps(content, indent=1)))


def without_long_logs() -> ExitStack:
    """A context in which MMEngine does not format or ask for what it logs."""
    stack = ExitStack()
    stack.enter_context(mock.patch(
        'mmengine.config.config.FormatCode', lambda text, **_: (text, True)))
    stack.enter_context(
        mock.patch('mmengine.runner.runner.collect_env', dict))
    return stack


def results(folder: Path, tool: str) -> Dict[str, object]:
    """What the logs say: metrics of the validation that closes the run, the
    last training loss, parameters (with buffers), samples per second."""
    from vitpose_mm.checkpoints.read import read_checkpoint
    from vitpose_tools.report.run import NO_METRICS, Run
    run = Run(folder)
    steps, validations = run.scalars()
    batch = run.config.train_dataloader.batch_size
    metrics = {key: value for key, value in
               (validations[-1] if validations else {}).items()
               if key not in NO_METRICS}
    weights = read_checkpoint(str(run.checkpoint))['state_dict']
    return dict(
        metrics=metrics,
        loss=steps[-1]['loss'],
        parameters=sum(tensor.numel() for tensor in weights.values()),
        samples_per_second=round(
            batch / statistics.median(step['time'] for step in steps), 1))
