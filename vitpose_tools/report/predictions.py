# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.evaluator import Evaluator
from mmengine.registry import EVALUATOR
from mmengine.runner import Runner
from mmpose.structures import PoseDataSample
from torch import nn

from vitpose_tools.progress import progress
from .run import Run, RunError, is_number
from .test_set import open_test_set


@dataclass(frozen=True)
class Predictions:
    """What a model says of labelled people, P of them with K keypoints.

    Args:
        keypoints: Predicted x, y in pixels of the image, (P, K, 2).
        scores: Confidence of each, (P, K).
        labels: Labelled x, y in pixels of the image, (P, K, 2).
        labelled: Which labels exist, (P, K).
        boxes: Annotated x1, y1, x2, y2 in pixels of the image, (P, 4).
        areas: Annotated in squared pixels of the image, (P, ); NaN where
            there is none.
        annotations: Id of each person, P of them.
        paths: Image of each person, P of them.
        files: The same, as the annotation file names them.
        metainfo: Names, skeleton and colours of the keypoints.
        metrics: What the config's own evaluator says, name to number.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    labelled: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray
    annotations: List[int]
    paths: List[str]
    files: List[str]
    metainfo: dict
    metrics: Dict[str, float] = field(default_factory=dict)

    @property
    def names(self) -> List[str]:
        """Names of the keypoints, K of them."""
        return [self.metainfo['keypoint_id2name'][index]
                for index in range(self.labelled.shape[1])]


def predict_test_set(run: Run, checkpoint: Union[None, str, Path],
                     notes: List[str]) -> Tuple[Predictions, str]:
    """Test a training on all of its test set, in annotated boxes, with the
    loader, model and evaluator of its config.

    Args:
        run: The training.
        checkpoint: Its weights, None if there are none yet.
        notes: Gets what a reader of the result should know.

    Returns:
        The predictions, and the annotation file.

    Raises:
        RunError: If the test set is not of people of one skeleton.
        CheckpointError: If the weights cannot be read.
    """
    model, dataset = open_test_set(run, checkpoint, notes)
    return (predict_dataset(model, dataset, run.config, notes),
            str(dataset.ann_file))


def predict_dataset(model: nn.Module, dataset: BaseDataset, config: Config,
                    notes: List[str]) -> Predictions:
    """Test a model on all of a test set.

    Args:
        model: In eval mode.
        dataset: With annotated boxes and labels.
        config: Its loader and evaluator.
        notes: Gets what a reader of the result should know.

    Raises:
        RunError: If the test set is not of people of one skeleton.
    """
    check_kind(dataset)
    config = copy.deepcopy(config)
    loader = Runner.build_dataloader(
        dict(config.test_dataloader, dataset=dataset))
    evaluator = build_evaluator(config.get('test_evaluator') or [])
    evaluator.dataset_meta = dataset.metainfo
    samples = []
    with torch.no_grad(), progress('Testing', len(loader)) as advance:
        for batch in loader:
            results = model.test_step(batch)
            samples += [sample.cpu() for sample in results]
            advance()
    return gather(samples, dataset, evaluate(evaluator, samples, notes))


def check_kind(dataset: BaseDataset) -> None:
    """Refuse what cannot be compared label by label.

    Raises:
        RunError: If so.
    """
    if isinstance(dataset, ConcatDataset) or not hasattr(dataset, 'ann_file'):
        raise RunError('a page is of one annotation file; the test set joins '
                       'several')
    if getattr(dataset, 'data_mode', None) != 'topdown':
        raise RunError('a page is of people in annotated boxes; the test set '
                       'is of whole images (bottom-up)')
    if not len(dataset):
        raise RunError('the test set holds nobody with annotated keypoints')


def build_evaluator(config: object) -> Evaluator:
    """An evaluator from a config, as the runner builds it."""
    if isinstance(config, dict) and 'metrics' in config:
        return EVALUATOR.build(dict(dict(type='Evaluator'), **config))
    return Evaluator(config)


def evaluate(evaluator: Evaluator, samples: List[PoseDataSample],
             notes: List[str]) -> Dict[str, float]:
    """Metrics of all samples; if there are none, ``notes`` gets why."""
    try:
        evaluator.process(samples, None)
        return dict(evaluator.evaluate(len(samples)))
    except Exception as error:  # of whatever kind a foreign metric raises
        line = (str(error).splitlines() or [''])[0]
        notes.append('the metrics of the config were not computed: '
                     f'{type(error).__name__}: {line}')
        return {}


def gather(samples: List[PoseDataSample], dataset: BaseDataset,
           metrics: Dict[str, float]) -> Predictions:
    """Bring samples with ground truth and prediction into arrays.

    Raises:
        RunError: If both have not the same keypoints.
    """
    labels = [only(sample.gt_instances.keypoints) for sample in samples]
    guesses = [only(sample.pred_instances.keypoints) for sample in samples]
    if labels[0].shape[:1] != guesses[0].shape[:1]:
        raise RunError(f'the model predicts {len(guesses[0])} keypoints, the '
                       f'test set labels {len(labels[0])}')
    labels = np.array(labels, float)[..., :2]
    visible = np.array([only(sample.gt_instances.keypoints_visible)
                        for sample in samples], float)
    if visible.ndim == 3:  # with a weight beside each
        visible = visible[..., 0]
    paths = [sample.img_path for sample in samples]
    return Predictions(
        keypoints=np.array(guesses, float)[..., :2],
        scores=np.array([only(sample.pred_instances.keypoint_scores)
                         for sample in samples], float),
        labels=labels,
        labelled=(visible > 0) & np.isfinite(labels).all(-1),
        boxes=np.array([only(sample.gt_instances.bboxes)
                        for sample in samples], float),
        areas=np.array([area_of(sample) for sample in samples]),
        annotations=[sample.id for sample in samples],
        paths=paths,
        files=[shown(path, dataset) for path in paths],
        metainfo=dataset.metainfo,
        metrics=metrics)


def area_of(sample: PoseDataSample) -> float:
    """What an annotation states; NaN if nothing of use."""
    annotation = getattr(sample, 'raw_ann_info', None)
    area = annotation.get('area') if isinstance(annotation, dict) else None
    return float(area) if is_number(area) and area > 0 else np.nan


def only(instances: object) -> np.ndarray:
    """What the one person of a crop has."""
    return np.asarray(instances)[0]


def shown(path: str, dataset: BaseDataset) -> str:
    """An image as its annotation file names it."""
    folder = (dataset.data_prefix or {}).get('img', '')
    return path[len(folder):].lstrip('/\\') if folder and path.startswith(
        folder) else path
