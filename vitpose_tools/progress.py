# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How far a command is, on stderr."""
import time
from contextlib import contextmanager
from typing import Callable, Iterator, Optional

import click
from rich.console import Console
from rich.progress import (MofNCompleteColumn, Progress, ProgressColumn, Task,
                           TimeRemainingColumn)
from rich.text import Text

# Seconds between lines where stderr is no terminal.
LINE_EVERY = 10.


class Rate(ProgressColumn):
    """How many are done in a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f'{speed:.1f} {self.unit}/s' if speed else '')


@contextmanager
def progress(text: str, total: Optional[int],
             unit: str = '') -> Iterator[Callable[[], None]]:
    """Show how many of ``total`` are done: a bar, or a line now and then
    where stderr is no terminal.

    Args:
        text: What is being done.
        total: None if it is not known.
        unit: What is counted, where a rate per second is wanted.

    Yields:
        What to call after each.
    """
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(),
               *([Rate(unit)] if unit else []), TimeRemainingColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    task = bar.add_task(text, total=total)
    done, start = 0, time.monotonic()
    last = start

    def advance() -> None:
        nonlocal done, last
        # Started late: none of the bar's threads may run while workers are
        # forked.
        bar.start()
        bar.advance(task)
        done += 1
        if not console.is_terminal and time.monotonic() - last >= LINE_EVERY:
            last = time.monotonic()
            of = '' if total is None else f' of {total}'
            rate = f', {done / (last - start):.1f} {unit}/s' if unit else ''
            click.echo(f'{text}: {done}{of}{rate}', err=True)

    try:
        yield advance
    finally:
        bar.stop()
