# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Run a function of a test in several processes at once, with a limit."""
import importlib.util
import multiprocessing
import os
import sys
import time
import traceback
from multiprocessing import connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, List

import torch
from mmengine.registry import init_default_scope
from torch import distributed

# Its children are forked from a process that has imported everything and
# computed nothing, so that they start at once and no thread is lost in them.
SERVER = multiprocessing.get_context('forkserver')
SERVER.set_forkserver_preload(['vitpose_mm', 'mmpose.apis'])


def run_processes(function: Callable,
                  world_size: int,
                  *args: Any,
                  timeout: float = 300.) -> List[Any]:
    """Call a function in processes that form a gloo group on the CPU.

    One process forms none, so that the same function trains alone.

    Args:
        function: Of the top level of a file; what it returns can be saved by
            torch. Modules beside its file can be imported.
        world_size: Number of processes.
        args: Of the function, the same for all.
        timeout: Seconds until all have ended, or are ended.

    Returns:
        What each process returned, in the order of ranks.

    Raises:
        RuntimeError: If one fails; holds its traceback.
        TimeoutError: If they do not end in time.
    """
    name = function.__name__, function.__code__.co_filename
    with TemporaryDirectory() as folder:
        processes = [
            SERVER.Process(
                target=work, args=(*name, rank, world_size, folder, args))
            for rank in range(world_size)
        ]
        for process in processes:
            process.start()
        try:
            wait(processes, time.monotonic() + timeout)
        finally:
            for process in processes:
                process.kill()
                process.join(10)
        failures = [path.read_text() for path in Path(folder).glob('*.txt')]
        if failures or any(process.exitcode for process in processes):
            codes = [process.exitcode for process in processes]
            raise RuntimeError('\n'.join([f'ended with {codes}', *failures]))
        return [torch.load(Path(folder) / f'{rank}.pt', weights_only=False)
                for rank in range(world_size)]


def wait(processes: List[multiprocessing.Process], deadline: float) -> None:
    """Wait until all have ended well or one has failed."""
    running = list(processes)
    while running:
        left = deadline - time.monotonic()
        ended = connection.wait([process.sentinel for process in running],
                                max(left, 0))
        if not ended:
            raise TimeoutError(f'{len(running)} processes did not end')
        running = [process for process in running
                   if process.sentinel not in ended]
        for process in processes:
            if process.sentinel in ended:
                process.join(max(left, 1))
                if process.exitcode:
                    return


def work(name: str, file: str, rank: int, world_size: int, folder: str,
         args: tuple) -> None:
    """Be one of the processes."""
    try:
        os.environ.update(
            RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world_size))
        torch.set_num_threads(1)
        sys.path.insert(0, str(Path(file).parent))
        spec = importlib.util.spec_from_file_location('of_a_test', file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if world_size > 1:
            distributed.init_process_group(
                'gloo', f'file://{folder}/meet', rank=rank,
                world_size=world_size)
        # As in each test.
        init_default_scope('mmpose')
        torch.manual_seed(0)
        torch.save(getattr(module, name)(*args), f'{folder}/{rank}.pt')
        if world_size > 1:
            distributed.destroy_process_group()
    except Exception:
        Path(folder, f'{rank}.txt').write_text(traceback.format_exc())
        raise SystemExit(1)
