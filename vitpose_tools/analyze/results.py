# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Results that `mim test --dump` wrote."""
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List

from mmpose.registry import DATASETS

from vitpose_mm.checkpoints.unpickle import allowed_globals
from vitpose_mm.fileio import why_unreadable
from vitpose_tools.predict.open_model import ModelError, first_line
from vitpose_tools.report.predictions import Predictions, gather


class PlainUnpickler(pickle.Unpickler):
    """Reads numbers, texts and arrays, and runs no code of the file."""

    def find_class(self, module: str, name: str) -> Any:
        """The listed ones only.

        Raises:
            UnpicklingError: On any other.
        """
        module = 'builtins' if module == '__builtin__' else module
        allowed = allowed_globals()
        if f'{module}.{name}' not in allowed:
            raise pickle.UnpicklingError(f'it names {module}.{name}')
        return allowed[f'{module}.{name}']


def read_results(path: Path, dataset: dict) -> Predictions:
    """Read the people of one dataset from dumped results.

    Args:
        path: Of `mim test --dump`.
        dataset: Config of the dataset; its annotations are not read.

    Raises:
        ModelError: If the file is no such results, or has nobody of the
            dataset.
        RunError: If model and labels have not the same keypoints.
    """
    try:
        with open(path, 'rb') as file:
            entries = PlainUnpickler(file).load()
    except OSError:
        raise
    except Exception as error:  # of whatever kind the bytes lead to
        reason = why_unreadable(path) or (
            f'it is not what `mim test --dump` writes ({first_line(error)})')
        raise ModelError(f'{path} was not read: {reason}') from error
    built = DATASETS.build(dict(dataset, lazy_init=True, pipeline=[]))
    name = built.metainfo['dataset_name']
    samples = as_samples(entries, path, name)
    if not samples:
        raise ModelError(f"{path} holds no results of '{name}', the dataset "
                         'of the config; give the config of the test')
    people = gather(samples, built, {})
    if (people.labelled & (people.labels == 0).all(-1)).all(1).any():
        # What MMPose writes for a detection.
        raise ModelError(f'{path} is of a test in detected boxes, which have '
                         'no labels; take bbox_file out of the '
                         'test_dataloader of the config, and dump again')
    return people


def as_samples(entries: Any, path: Path, name: str) -> List[SimpleNamespace]:
    """Dumped samples of a dataset, with attributes as PoseDataSample has.

    Raises:
        ModelError: If they are none.
    """
    try:
        return [
            SimpleNamespace(
                **{**entry, **{key: SimpleNamespace(**entry[key]) for key in
                               ('gt_instances', 'pred_instances')}})
            for entry in entries if entry['dataset_name'] == name]
    except (TypeError, KeyError, AttributeError) as error:
        raise ModelError(f'{path} holds no results of a pose test with its '
                         'ground truth; write them with `mim test --dump`') \
            from error
