# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A pose estimator from the config and the checkpoint that a person names."""
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.apis import init_model
from torch import nn

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.environment import pick_device


class ModelError(ValueError):
    """A model cannot do what a command asks; the message says why."""


def read_config(path: Path) -> Config:
    """Read the config of a top-down estimator, and resolve names as it does.

    Raises:
        ModelError: If it cannot be read, or its model is bottom-up.
    """
    try:
        config = Config.fromfile(path)
    except Exception as error:  # of whatever the text leads to
        raise ModelError(f'{path} was not read: {first_line(error)}') \
            from error
    dataset = (config.get('test_dataloader') or {}).get('dataset')
    if dataset is None:
        raise ModelError(f'{path} has no test_dataloader, whose pipeline '
                         'says how images are prepared')
    if 'pipeline' not in dataset:
        raise ModelError(f'{path}: the dataset of test_dataloader has no '
                         'pipeline')
    if dataset.get('data_mode', config.get('data_mode')) == 'bottomup':
        raise ModelError(f'{path} is of a bottom-up model; this command '
                         'takes a top-down one, which looks at a box')
    init_default_scope(config.get('default_scope', 'mmpose'))
    return config


def open_model(config: Config, path: Path, checkpoint: Path,
               device: Optional[str] = None) -> nn.Module:
    """Build an estimator with its weights.

    Args:
        config: Of a top-down estimator.
        path: Its file, for messages.
        checkpoint: Its weights.
        device: 'cpu' or 'cuda'; None is the best there is.

    Returns:
        In eval mode, with ``cfg`` and ``dataset_meta``.

    Raises:
        ModelError: If the model cannot be built.
        CheckpointError: If the weights cannot be read.
    """
    try:
        return init_model(config, str(checkpoint), device=pick_device(device))
    except (CheckpointError, OSError):
        raise
    except Exception as error:  # of whatever kind a module raises
        raise ModelError(f'the model of {path} was not built: '
                         f'{first_line(error)}') from error


def first_line(error: Exception) -> str:
    """Kind and first line of an error."""
    line = (str(error).splitlines() or [''])[0]
    return f'{type(error).__name__}: {line}'
