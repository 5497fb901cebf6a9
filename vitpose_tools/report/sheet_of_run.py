# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import List, Union

import numpy as np

from vitpose_tools.progress import progress
from .contact_sheet import draw_contact_sheet
from .run import Run
from .test_set import open_test_set


def draw_sheet_of_run(run: Run, checkpoint: Union[None, str, Path],
                      people: int, notes: List[str]) -> np.ndarray:
    """Draw people of the test set of a training.

    Args:
        run: The training.
        checkpoint: Its weights, None if there are none yet.
        people: How many to draw.
        notes: Gets what a reader of the picture should know.

    Returns:
        See draw_contact_sheet.

    Raises:
        RunError: If there is nothing to draw.
        CheckpointError: If the weights cannot be read.
    """
    model, dataset = open_test_set(run, checkpoint, notes)
    with progress('Drawing people', min(people, len(dataset))) as advance:
        return draw_contact_sheet(model, dataset, people, advance)
