# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How far a command is, on stderr."""
import time
from contextlib import contextmanager
from typing import Callable, Iterator

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

# Seconds between lines where stderr is no terminal.
LINE_EVERY = 10.


@contextmanager
def progress(text: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how many of ``total`` are done: a bar, or a line now and then
    where stderr is no terminal.

    Yields:
        What to call after each.
    """
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(),
               TimeRemainingColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    task = bar.add_task(text, total=total)
    done, last = 0, time.monotonic()

    def advance() -> None:
        nonlocal done, last
        # Started late: none of the bar's threads may run while workers are
        # forked.
        bar.start()
        bar.advance(task)
        done += 1
        if not console.is_terminal and time.monotonic() - last >= LINE_EVERY:
            last = time.monotonic()
            click.echo(f'{text}: {done} of {total}', err=True)

    try:
        yield advance
    finally:
        bar.stop()
