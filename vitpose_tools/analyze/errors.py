# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
from mmengine.config import Config

from vitpose_tools.predict.open_model import ModelError, first_line, open_model
from vitpose_tools.report.errors import longer_sides, pixel_errors
from vitpose_tools.report.numbers import clean, count_up
from vitpose_tools.report.predictions import Predictions, predict_dataset
from vitpose_tools.report.run import RunError
from vitpose_tools.report.test_set import build_test_set
from .calibration import correct, find_sigmas, keypoint_oks, reliability


def analyze_errors(people: Predictions, worst: int) -> Dict[str, Any]:
    """Errors, confidence and calibration on a labelled set.

    Args:
        people: What a model says of labelled people.
        worst: Worst people to list.

    Returns:
        What `count_up` returns, and under 'calibration' the reliability
        against 'pck' and 'oks', the latter None without sigmas.

    Raises:
        ModelError: If no keypoint is labelled.
    """
    if not people.labelled.any():
        raise ModelError(f'none of the {len(people.files)} people has a '
                         'labelled keypoint; take a test set with labels')
    errors = pixel_errors(people.keypoints, people.labels, people.labelled)
    sizes = longer_sides(people.boxes)
    sigmas = find_sigmas(people.metainfo, errors.shape[1])
    against = dict(pck=correct(errors, sizes), oks=None)
    if sigmas is not None:
        against['oks'] = keypoint_oks(errors, people.areas, people.boxes,
                                      np.asarray(sigmas))
    return dict(
        count_up(people, worst),
        calibration=clean({
            key: None if quality is None else
            reliability(people.scores, quality)
            for key, quality in against.items()}))


def predict(config: Config, path: Path, checkpoint: Path,
            device: Optional[str], notes: List[str]) -> Predictions:
    """Test a model on the labelled test set of its config.

    Args:
        config: What choose_dataset returns.
        path: Its file, for messages.
        checkpoint: Weights.
        device: 'cpu' or 'cuda'; None is the best there is.
        notes: Gets what a reader of the result should know.

    Raises:
        ModelError: If the model cannot be built.
        RunError: If the test set has nobody to compare with.
        CheckpointError: If the weights cannot be read.
    """
    try:
        dataset = build_test_set(config, notes)
    except (RunError, OSError):
        raise
    except Exception as error:  # of whatever kind a dataset raises
        raise ModelError(f'the test set of {path} was not built: '
                         f'{first_line(error)}') from error
    model = open_model(config, path, checkpoint, device)
    return predict_dataset(model, dataset, config, notes)


def check_pictures(people: Predictions, numbers: Dict[str, Any]) -> None:
    """Refuse worst cases whose images are not there.

    Raises:
        ModelError: If so.
    """
    for entry in numbers['worst']:
        path = people.paths[entry['index']]
        if not Path(path).is_file():
            raise ModelError(f'{path}, an image of the results, does not '
                             'exist; run in the folder of the test, or bring '
                             'it back')
