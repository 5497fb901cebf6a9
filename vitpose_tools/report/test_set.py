# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
from pathlib import Path
from typing import Iterator, List, Tuple, Union

from mmengine.config import Config, ConfigDict
from mmengine.dataset import BaseDataset
from mmpose.apis import init_model
from mmpose.registry import DATASETS
from torch import nn

from vitpose_tools.environment import pick_device
from .run import Run, RunError


def open_test_set(run: Run, checkpoint: Union[None, str, Path],
                  notes: List[str]) -> Tuple[nn.Module, BaseDataset]:
    """Build the model and the test set of a training.

    People are taken from the annotations and seen in their annotated boxes:
    detections are nobody's ground truth.

    Args:
        run: The training.
        checkpoint: Its weights, None if there are none yet.
        notes: Gets what a reader of the result should know.

    Returns:
        The model in eval mode with ``dataset_meta``, and the test set.

    Raises:
        RunError: If there is no test set, nobody in it, or no weights.
        CheckpointError: If the weights cannot be read.
    """
    config = copy.deepcopy(run.config)
    if config.get('test_dataloader') is None:
        raise RunError('the config has no test set')
    if checkpoint is None:
        raise RunError(f'{run.work_dir} holds no checkpoint; wait for the '
                       'first validation, or give one with --checkpoint')
    model = init_model(config, str(checkpoint), device=pick_device())
    return model, build_test_set(config, notes)


def build_test_set(config: Config, notes: List[str]) -> BaseDataset:
    """Build the test set of a config: its people in their annotated boxes.

    Args:
        config: Its test set's ``bbox_file`` is taken out.
        notes: Gets what a reader of the result should know.

    Raises:
        RunError: If nobody is in it.
    """
    dataset = config.test_dataloader.dataset
    for part in datasets(dataset):
        if part.pop('bbox_file', None):
            notes.append('people are drawn in their annotated boxes, not in '
                         "the detector's")
    notes[:] = dict.fromkeys(notes)
    try:
        return DATASETS.build(dataset)
    except ValueError as error:
        if 'at least one array' not in str(error):
            raise
        raise RunError('the test set holds nobody with annotated keypoints')


def datasets(config: ConfigDict) -> Iterator[ConfigDict]:
    """A dataset's config and those of its parts."""
    yield config
    for part in config.get('datasets', []):
        yield from datasets(part)
