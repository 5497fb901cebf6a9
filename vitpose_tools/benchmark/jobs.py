# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import gc
import json
import math
import time
import traceback
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import click
import torch

from vitpose_mm.fileio import write_beside
from .measure import environment

Job = Callable[[], List[dict]]


def run_jobs(jobs: Dict[str, Job],
             minutes: float = math.inf) -> Iterator[dict]:
    """Measure one thing after the other; one that fails costs no other.

    Args:
        jobs: Name to what returns rows.
        minutes: Start nothing after so long.

    Yields:
        After each job all that is known: ``environment``, ``rows``,
        ``seconds`` of each job, and ``not_measured``, job to reason.

    Raises:
        ClickException: Of a job: what is wrong for one is wrong for all.
    """
    result = dict(
        environment=environment(), rows=[], seconds={}, not_measured={})
    start = time.monotonic()
    for name, job in jobs.items():
        began = time.monotonic()
        try:
            if began - start > 60 * minutes:
                raise TimeoutError
            result['rows'] += [dict(each, job=name) for each in job()]
            result['seconds'][name] = time.monotonic() - began
        except click.ClickException:
            raise
        except TimeoutError:
            result['not_measured'][name] = f'after {minutes:g} minutes'
        except torch.cuda.OutOfMemoryError:
            result['not_measured'][name] = (
                'does not fit into the memory of the device; take a smaller '
                'batch')
        except Exception as error:
            traceback.print_exc()
            result['not_measured'][name] = repr(error)
        # MMEngine's runners hold themselves.
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        yield result


def write_result(path: Path, result: dict) -> None:
    """Write a measurement as JSON, never half of it.

    Args:
        path: The file; its folder is made.
        result: Numbers, texts, lists and dicts.

    Raises:
        OSError: If the disk refuses.
    """
    text = json.dumps(result, indent=2) + '\n'
    write_beside(Path(path), lambda file: file.write_text(text))
