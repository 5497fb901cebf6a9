# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmpose.apis import init_model
from torch import nn

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.environment import pick_device


class ModelError(ValueError):
    """A model cannot look at a video; the message says why."""


def open_model(path: Path, checkpoint: str,
               device: Optional[str] = None) -> nn.Module:
    """Build a top-down estimator with its weights.

    Args:
        path: Its config.
        checkpoint: Its weights, as MMEngine's loader takes them.
        device: 'cpu' or 'cuda'; None is the best there is.

    Returns:
        In eval mode, with ``cfg`` and ``dataset_meta``.

    Raises:
        ModelError: If the config is not one of a top-down estimator.
        CheckpointError: If the weights cannot be read.
    """
    try:
        config = Config.fromfile(path)
    except Exception as error:  # of whatever the text leads to
        raise ModelError(f'{path} was not read: {first_line(error)}') \
            from error
    dataset = config.get('test_dataloader', {}).get('dataset')
    if dataset is None:
        raise ModelError(f'{path} has no test_dataloader, whose pipeline '
                         'says how frames are prepared')
    if 'pipeline' not in dataset:
        raise ModelError(f'{path}: the dataset of test_dataloader has no '
                         'pipeline')
    if dataset.get('data_mode', config.get('data_mode')) == 'bottomup':
        raise ModelError(f'{path} is of a bottom-up model; frames are '
                         'suggested by top-down ones, for one animal in each')
    try:
        return init_model(config, checkpoint, device=pick_device(device))
    except (CheckpointError, OSError):
        raise
    except Exception as error:  # of whatever kind a module raises
        raise ModelError(f'the model of {path} was not built: '
                         f'{first_line(error)}') from error


def first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [''])[0]
    return f'{type(error).__name__}: {line}'
