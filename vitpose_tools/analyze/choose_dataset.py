# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
import warnings
from pathlib import Path
from typing import Dict, Optional

from mmengine.config import Config
from mmengine.registry import init_default_scope

from vitpose_mm.evaluation.joint_evaluator import load_metainfo
from vitpose_tools.predict.open_model import (ModelError, is_bottomup,
                                              read_config)


def read_test_config(path: Path) -> Config:
    """Read the config of a top-down estimator with a test set, and resolve
    names as it does.

    Raises:
        ModelError: If it cannot be read, or its model is bottom-up.
    """
    config = read_config(path)
    dataset = (config.get('test_dataloader') or {}).get('dataset')
    if dataset is None:
        raise ModelError(f'{path} has no test_dataloader, whose pipeline '
                         'says how images are prepared')
    if 'pipeline' not in dataset:
        raise ModelError(f'{path}: the dataset of test_dataloader has no '
                         'pipeline')
    if is_bottomup(config):
        raise ModelError(f'{path} is of a bottom-up model; this command '
                         'takes a top-down one, which looks at a box')
    init_default_scope(config.get('default_scope', 'mmpose'))
    return config


def choose_dataset(config: Config, path: Path, name: Optional[str]) -> Config:
    """Reduce the test of a config to one dataset.

    Args:
        config: Of a top-down model.
        path: Its file, for messages.
        name: dataset_name of one that a joint config tests; may be left out
            where there is only one.

    Returns:
        A copy whose test_dataloader holds this dataset, and whose
        test_evaluator holds its metrics.

    Raises:
        ModelError: If the config does not test this dataset, or several and
            none is chosen.
    """
    config = copy.deepcopy(config)
    dataset = config.test_dataloader.dataset
    if dataset.type != 'JointDataset':
        if 'datasets' in dataset:
            raise ModelError(f'{path}: the test set, a {dataset.type}, joins '
                             'several datasets in one; take a config that '
                             'tests one')
        own = metainfo_of(dataset, path)['dataset_name']
        if name not in (None, own):
            raise ModelError(f"--dataset {name}: {path} tests '{own}' alone; "
                             'leave the option out, or take a joint config')
        return config
    parts = {metainfo_of(part, path)['dataset_name']: part
             for part in dataset.datasets}
    if name not in parts:
        said = 'joins several datasets' if name is None else \
            f"does not test '{name}'"
        raise ModelError(f'{path} {said}; choose one with --dataset: '
                         + ', '.join(parts))
    config.test_dataloader.dataset = parts[name]
    config.test_evaluator = own_metrics(config.get('test_evaluator'), name)
    return config


def own_metrics(evaluator: Optional[dict], name: str) -> list:
    """Configs of the metrics that a JointEvaluator has for a dataset."""
    if not evaluator or evaluator.get('type') != 'JointEvaluator':
        return []
    names = [load_metainfo(dataset)['dataset_name']
             for dataset in evaluator.datasets]
    if name not in names:
        return []
    own = evaluator.metrics[names.index(name)]
    return own if isinstance(own, (list, tuple)) else [own]


def metainfo_of(dataset: dict, path: Path) -> Dict[str, object]:
    """Parsed metainfo of a dataset config.

    Raises:
        ModelError: If it has none that can be read.
    """
    try:
        with warnings.catch_warnings():
            # MMPose's own files are where it installed them, not here.
            warnings.simplefilter('ignore')
            return load_metainfo(dataset)
    except Exception as error:  # of whatever the file leads to
        raise ModelError(f'{path}: the metainfo of {dataset.get("type")} was '
                         f'not read: {error}') from error
