# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
from pathlib import Path
from typing import Iterator, List, Optional

import numpy as np
from mmengine.config import ConfigDict
from mmpose.apis import init_model
from mmpose.registry import DATASETS

from vitpose_tools.environment import pick_device
from vitpose_tools.progress import progress
from .contact_sheet import draw_contact_sheet
from .run import Run, RunError


def draw_sheet_of_run(run: Run, checkpoint: Optional[Path], people: int,
                      notes: List[str]) -> np.ndarray:
    """Draw people of the test set of a training.

    They are taken from the annotations and seen in their annotated boxes:
    detections are nobody's ground truth.

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
    config = copy.deepcopy(run.config)
    loader = config.get('test_dataloader')
    if loader is None:
        raise RunError('the config has no test set')
    if checkpoint is None:
        raise RunError(f'{run.work_dir} holds no checkpoint; wait for the '
                       'first validation, or give one with --checkpoint')
    model = init_model(config, str(checkpoint), device=pick_device())
    for part in datasets(loader.dataset):
        if part.pop('bbox_file', None):
            notes.append('people are drawn in their annotated boxes, not in '
                         "the detector's")
    notes[:] = dict.fromkeys(notes)
    try:
        dataset = DATASETS.build(loader.dataset)
    except ValueError as error:
        if 'at least one array' not in str(error):
            raise
        raise RunError('the test set holds nobody with annotated keypoints')
    with progress('Drawing people', min(people, len(dataset))) as advance:
        return draw_contact_sheet(model, dataset, people, advance)


def datasets(config: ConfigDict) -> Iterator[ConfigDict]:
    """A dataset's config and those of its parts."""
    yield config
    for part in config.get('datasets', []):
        yield from datasets(part)
