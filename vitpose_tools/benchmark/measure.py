# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, NamedTuple, Optional, Tuple, Union

import numpy as np
import torch
from torch.autograd.profiler import profile

from vitpose_tools.environment import versions

Device = Union[str, torch.device]


class Timing(NamedTuple):
    """What several runs of one candidate took.

    Attributes:
        seconds: Of each run, in order.
    """

    seconds: Tuple[float, ...]

    @property
    def median(self) -> float:
        """Median in seconds."""
        return float(np.median(self.seconds))

    @property
    def spread(self) -> float:
        """Distance between the quartiles in seconds."""
        low, high = np.percentile(self.seconds, (25, 75))
        return float(high - low)


def row(facts: dict, timing: Timing, crops: int,
        base: Optional[Timing] = None) -> dict:
    """The form of every result.

    Args:
        facts: What was measured: at least ``work`` and ``implementation``.
        timing: Of it.
        crops: That one run handles.
        base: Of what ``time_ratio`` compares with.
    """
    found = dict(
        facts,
        median_ms=1000 * timing.median,
        spread_ms=1000 * timing.spread,
        crops_per_second=crops / timing.median,
        rounds_ms=[1000 * seconds for seconds in timing.seconds])
    if base:
        found['time_ratio'] = timing.median / base.median
    return found


def time_interleaved(candidates: Dict[str, Callable[[], object]], rounds: int,
                     warmup: int, device: Device) -> Dict[str, Timing]:
    """Time candidates in turns, so that a machine that slows down slows all.

    Compare medians of one call only: their ratio holds on a busy machine,
    the seconds alone do not.

    Args:
        candidates: Name to what is timed.
        rounds: Timed runs of each.
        warmup: Runs of each before the first timed one.
        device: Where they compute. A CUDA device is waited for.

    Returns:
        Name to timing.
    """
    seconds = {name: [] for name in candidates}
    for turn in range(warmup + rounds):
        for name, run in candidates.items():
            taken = time_once(run, torch.device(device))
            if turn >= warmup:
                seconds[name].append(taken)
    return {name: Timing(tuple(taken)) for name, taken in seconds.items()}


def time_once(run: Callable[[], object], device: torch.device) -> float:
    """Seconds from the call until the device has done all of it."""
    if device.type != 'cuda':
        start = time.perf_counter()
        run()
        return time.perf_counter() - start
    torch.cuda.synchronize(device)
    with torch.cuda.device(device):
        events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        events[0].record()
        run()
        events[1].record()
    events[1].synchronize()
    return events[0].elapsed_time(events[1]) / 1000


def peak_memory(run: Callable[[], object], device: Device) -> int:
    """Most bytes of tensors that a call holds at once.

    Counts what PyTorch's allocator hands out during the call, beyond what was
    alive before: no weights of a model that is already there, no scratch
    memory that a library (oneDNN) allocates for itself.

    Args:
        run: Called once.
        device: Where it computes; on the CPU the profiler's allocations are
            added up, on CUDA the allocator keeps count.
    """
    device = torch.device(device)
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with profile(profile_memory=True) as trace:
        run()
    # Only the exported trace has allocations one by one.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'trace.json')
        trace.export_chrome_trace(str(file))
        events = json.loads(file.read_text())['traceEvents']
    changes = [(event['ts'], event['args']['Bytes']) for event in events
               if event['name'] == '[memory]']
    changes.sort(key=lambda change: change[0])
    return int(max(np.cumsum([0] + [size for _, size in changes])))


def environment() -> dict:
    """What a measurement depends on: hardware, threads and versions.

    Holds nothing that names the machine or its folders.
    """
    hardware = dict(
        cpu=cpu_name(),
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        threads=torch.get_num_threads())
    if torch.cuda.is_available():
        hardware.update(
            gpu=torch.cuda.get_device_name(), cuda=torch.version.cuda)
    return dict(
        hardware=hardware, system=platform.system(), versions=versions())


def cpu_name() -> str:
    """Name of the processor, its architecture where the system tells none."""
    info = Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(':', 1)[1] for line in lines if 'model name' in line]
    return names[0].strip() if names else platform.machine()
