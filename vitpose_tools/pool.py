# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Work on several CPU cores."""
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, parent_process
from typing import Any, Callable, Iterator, Sequence

CHUNK = 8


def cores() -> int:
    """Number of CPU cores this process may use."""
    if hasattr(os, 'sched_getaffinity'):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def in_processes(function: Callable[[Any], Any], items: Sequence[Any],
                 workers: int) -> Iterator[Iterator[Any]]:
    """Call a function on each of some items in several processes, which end
    with the ``with`` block, however that ends.

    Args:
        function: Can be pickled, as its result can.
        items: What it gets.
        workers: Number of processes.

    Yields:
        Iterator of the results, in the order of the items.

    Raises:
        BrokenProcessPool: If a process was killed.
    """
    pool = ProcessPoolExecutor(workers, initializer=_start_worker)
    try:
        yield pool.map(function, items, chunksize=CHUNK)
    except BrokenProcessPool:
        # A pool that breaks while it is being filled may leave workers, which
        # the exit of this process would wait for (seen with Python 3.11).
        for worker in active_children():
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(
        target=lambda: (parent_process().join(), os._exit(1)),
        daemon=True).start()
    import cv2
    cv2.setNumThreads(0)
