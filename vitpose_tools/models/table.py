# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Dict, NamedTuple, Optional, Tuple

import yaml

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.checkpoints.loader import local_file
from vitpose_tools.configs import config_path

SIZES = 'small', 'base', 'large', 'huge'


class Model(NamedTuple):
    """Public weights and what belongs to them: a row of models.yaml.

    Args:
        name: What people type.
        checkpoint: Address, as MMEngine's loader takes it.
        layout: Key of vitpose_mm.checkpoints.layouts.LAYOUTS.
        config: Below ``configs``, without .py.
        dataset: Whose keypoints its head finds, as metainfo files name it;
            None for a backbone alone.
        licence: None where none is stated.
        published: Metric to value, a fraction of 1, by who trained it; {} if
            nothing is known.
    """

    name: str
    checkpoint: str
    layout: str
    config: str
    dataset: Optional[str] = None
    licence: Optional[str] = None
    published: Dict[str, float] = {}

    @property
    def size(self) -> str:
        """Key of vitpose_mm's ARCHS."""
        return next(size for size in SIZES if f'-{size}' in self.name)

    @property
    def publisher(self) -> str:
        """Who states the published value."""
        return 'MMPose' if 'openmmlab' in self.checkpoint else \
            'the authors of ViTPose'


@lru_cache(maxsize=None)
def all_models() -> Tuple[Model, ...]:
    """The table, in its order."""
    text = Path(__file__).with_name('models.yaml').read_text('utf-8')
    return tuple(Model(**row) for row in yaml.safe_load(text))


def is_model_name(text: str) -> bool:
    """Whether a model has this name."""
    return any(model.name == spelt(text) for model in all_models())


def find_model(name: str) -> Model:
    """A model by its name.

    Raises:
        CheckpointError: If none has it; the message has those like it.
    """
    for model in all_models():
        if model.name == spelt(name):
            return model
    raise CheckpointError(f'no model is called {name}; {nearest(name)}')


def spelt(name: str) -> str:
    """A name as the table has it: WholeBody has two names."""
    return name.replace('/coco_wholebody', '/wholebody')


def nearest(name: str) -> str:
    """Names like one that does not exist, for a message."""
    names = [model.name for model in all_models()]
    found = [each for each in names if each.startswith(f'{name}/')]
    found = found or get_close_matches(name, names, n=4, cutoff=0.5)
    return (f'close to it: {", ".join(found)}; ' if found else '') + \
        '`vitpose-mm models` lists all'


def config_file(model: Model) -> Path:
    """Its config, in a clone or in what pip installed.

    Raises:
        CheckpointError: If the installation lacks it.
    """
    try:
        return config_path(f'{model.config}.py')
    except FileNotFoundError as error:
        raise CheckpointError(str(error)) from error


def is_on_disk(model: Model) -> bool:
    """Whether its weights were downloaded before."""
    try:
        return local_file(model.checkpoint).exists()
    except CheckpointError:  # without the hub's package
        return False
