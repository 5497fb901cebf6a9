# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What people write for a model or for weights, in one place for all
commands: a file, an address, or a name of the table."""
from pathlib import Path
from typing import NamedTuple, Optional, Tuple

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.checkpoints.address import is_address, parse_address
from vitpose_mm.checkpoints.expert_datasets import full_name
from vitpose_mm.checkpoints.loader import download
from .table import config_file, find_model, is_model_name, nearest


class ResolvedModel(NamedTuple):
    """What a name stands for.

    Args:
        config: File.
        checkpoint: As MMEngine's loader takes it.
        dataset: Whose keypoints the model finds, as metainfo files name it.
    """

    config: Path
    checkpoint: str
    dataset: str


def resolve_checkpoint(text: str) -> str:
    """Turn what people write for weights into what MMEngine's loader takes.

    A file or folder on disk goes before a model of the same name.

    Args:
        text: Path, address (https://, hf://), or name of a model.

    Raises:
        CheckpointError: If it is none of them.
    """
    if is_address(text) or Path(text).expanduser().exists():
        return text
    if is_model_name(text):
        return find_model(text).checkpoint
    looks_like_hub = text.count('/') == 1 and not Path(text).suffix
    hub = f'a repository of the hub is written hf://{text}; ' \
        if looks_like_hub else ''
    raise CheckpointError(
        f'{text} was not loaded: there is no such file, and no model is '
        f'called so; {hub}{nearest(text)}')


def fetch_checkpoint(text: str) -> Tuple[Path, Optional[str]]:
    """Bring what people write for weights to this disk.

    Args:
        text: As for resolve_checkpoint.

    Returns:
        The file, and the dataset to take out of it, None if nothing is said
        of one.

    Raises:
        CheckpointError: If there is no such thing, or it is not downloaded.
    """
    checkpoint = resolve_checkpoint(text)
    if not is_address(checkpoint):
        return Path(checkpoint), None
    return download(checkpoint), parse_address(checkpoint).dataset


def resolve_model(name: str, dataset: Optional[str] = None) -> ResolvedModel:
    """Find config, weights and dataset of a model by its name.

    Args:
        name: In the table; ``dataset`` may stand apart from it.
        dataset: Of a model of several, such as ViTPose+.

    Raises:
        CheckpointError: If no model of keypoints has the name.
    """
    if dataset and not is_model_name(name):
        name = f'{name}/{full_name(dataset)}'
    model = find_model(name)
    if model.dataset is None:
        raise CheckpointError(
            f'{name} is a backbone to start a training from and finds no '
            f'keypoints: vitpose-mm finetune LABELS --size {model.size} '
            f'--init {name}')
    if dataset and full_name(dataset) != model.dataset:
        raise CheckpointError(f'{name} finds the keypoints of '
                              f'{model.dataset}, not of {dataset}; '
                              f'{nearest(name.split("/")[0])}')
    return ResolvedModel(config_file(model), model.checkpoint, model.dataset)
