# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""MMPose's models from files, with one sentence for what is wrong."""
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Union

from .errors import PredictError

if TYPE_CHECKING:
    from mmengine.config import Config
    from torch import nn


class ModelError(PredictError):
    """A model cannot be used; the message says why."""


def read_config(path: Union[str, Path]) -> 'Config':
    """Read the config of a model.

    Raises:
        ModelError: If it is none.
    """
    from mmengine.config import Config
    try:
        config = Config.fromfile(path)
    except Exception as error:  # of whatever the text leads to
        raise ModelError(f'{path} was not read: {first_line(error)}') \
            from error
    if 'model' not in config:
        raise ModelError(f'{path} has no model; give the config that the '
                         'weights were trained with')
    return config


def is_bottomup(config: 'Config') -> bool:
    """Whether a model finds its people itself, in whole images."""
    dataset = config.get('test_dataloader', {}).get('dataset', {})
    return dataset.get('data_mode', config.get('data_mode')) == 'bottomup'


def choose_dataset(config: 'Config', path: Union[str, Path],
                   dataset: Optional[str]) -> None:
    """Let a joint model predict the keypoints of one of its datasets.

    Args:
        config: Changed in place.
        path: Of it, for messages.
        dataset: Name of the dataset; None is the config's own choice.

    Raises:
        ModelError: If a joint model has no such dataset, or there is no
            choice.
    """
    heads = config.model.get('heads')
    if heads is None:
        return  # whether the one dataset is this one is seen later
    test_cfg = config.model.setdefault('test_cfg', {})
    names = [*heads, *(config.model.get('aliases') or {})]
    dataset = dataset or test_cfg.get('dataset')
    if dataset is None:
        raise ModelError(f'{path} is of a joint model; choose the dataset '
                         f'whose keypoints are wanted, of {listed(names)}')
    if dataset not in names:
        raise ModelError(f"{path} knows no dataset '{dataset}'; choose one "
                         f'of {listed(names)}')
    test_cfg['dataset'] = dataset


def choose_names(config: 'Config', path: Union[str, Path],
                 names: Optional[Sequence[str]]) -> None:
    """Let a model with a NamedHeatmapHead predict any keypoints.

    Args:
        config: Changed in place, before choose_dataset.
        path: Of it, for messages.
        names: Of the keypoints; None is as the config says.

    Raises:
        ModelError: If its heads know no names.
    """
    if not names:
        return
    model = config.model
    if 'heads' not in model or not model.get('head'):
        raise ModelError(f'{path} cannot be asked for keypoints by name: its '
                         'model has no NamedHeatmapHead for all its heads')
    test_cfg = model.setdefault('test_cfg', {})
    test_cfg['names'] = list(names)
    if 'num_experts' not in model.backbone:
        # Without experts all datasets' ways are the same.
        test_cfg.setdefault('dataset', next(iter(model.heads)))


def build_model(config: 'Config', path: Union[str, Path],
                checkpoint: Union[str, Path], device: Optional[str] = None,
                dataset: Optional[str] = None) -> 'nn.Module':
    """Build an estimator with its weights.

    Args:
        config: As read_config and choose_dataset give it.
        path: Of the config, for messages.
        checkpoint: File, or address, of the weights.
        device: 'cpu' or 'cuda'; None is the best there is.
        dataset: Whose keypoints are wanted.

    Returns:
        In eval mode, with ``cfg`` and ``dataset_meta``; of a joint model
        what the dataset needs.

    Raises:
        ModelError: If it cannot be built, predicts another dataset, or
            leaves keypoints out.
        CheckpointError: If the weights cannot be read.
    """
    test_cfg = config.model.get('test_cfg') or {}
    chosen = test_cfg.get('output_keypoint_indices')
    if chosen:
        raise ModelError(
            f'{path}: test_cfg.output_keypoint_indices={chosen} leaves '
            'keypoints out, which MMPose can and this cannot; remove it')
    model = open_model(config, path, checkpoint, device)
    own = (model.dataset_meta or {}).get('dataset_name')
    if 'heads' in config.model:
        if own != dataset:
            raise ModelError(f"no registered dataset is called '{dataset}', "
                             'so its keypoints have no names; give the model '
                             'metainfo=dict(from_file=...)')
        model.switch_to_deploy()
    elif dataset not in (None, own):
        raise ModelError(f"the model of {path} predicts the keypoints of "
                         f"'{own}', not of '{dataset}'")
    return model


def open_model(config: 'Config', path: Union[str, Path],
               checkpoint: Union[str, Path],
               device: Optional[str] = None) -> 'nn.Module':
    """Build an estimator as its config has it; see build_model.

    Raises:
        ModelError: If it cannot be built, or its head or neck would stay
            random.
        CheckpointError: If the weights cannot be read.
    """
    from mmengine.runner import CheckpointLoader
    from mmpose.apis import init_model

    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_mm.engine.hooks.loaded_head import (check_loaded_head,
                                                     tensor_shapes)
    from vitpose_tools.environment import pick_device
    try:
        model = init_model(config, str(checkpoint),
                           device=pick_device(device))
    except (CheckpointError, OSError):
        raise
    except Exception as error:  # of whatever kind a module raises
        raise ModelError(f'the model of {path} was not built: '
                         f'{first_line(error)}') from error
    loaded = CheckpointLoader.load_checkpoint(str(checkpoint), 'cpu',
                                              logger='silent')
    try:
        check_loaded_head(model, tensor_shapes(loaded), str(checkpoint))
    except ValueError as error:
        raise ModelError(str(error)) from error
    return model


def find_pipeline(config: 'Config', path: Union[str, Path],
                  dataset: Optional[str] = None) -> List[dict]:
    """How images are prepared in tests.

    Args:
        config: Of a model.
        path: Of it, for messages.
        dataset: Whose pipeline, where several datasets are tested.

    Raises:
        ModelError: If the config does not say it.
    """
    loader = config.get('test_dataloader')
    if loader is None:
        raise ModelError(f'{path} has no test_dataloader, whose pipeline '
                         'says how images are prepared')
    parts = loader.dataset.get('datasets')
    if not parts:
        if 'pipeline' not in loader.dataset:
            raise ModelError(f'{path}: the dataset of test_dataloader has no '
                             'pipeline')
        return loader.dataset.pipeline
    of_dataset = [part for part in parts if name_of(part) == dataset]
    pipelines = [part.get('pipeline') for part in of_dataset or parts]
    if any(other != pipelines[0] for other in pipelines) or not pipelines[0]:
        raise ModelError(
            f'{path}: the datasets of test_dataloader prepare images in '
            f"different ways, and none is of '{dataset}'")
    return pipelines[0]


def name_of(dataset: Any) -> Optional[str]:
    """dataset_name of the config of a dataset; None if it is unknown."""
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    from mmpose.registry import DATASETS
    try:
        metainfo = dataset.get('metainfo') or DATASETS.get(
            dataset['type']).METAINFO
        return parse_pose_metainfo(dict(metainfo))['dataset_name']
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return None


def listed(names: List[str]) -> str:
    return ', '.join(names)


def first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [''])[0]
    return f'{type(error).__name__}: {line}'
