# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os.path as osp
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmpose.datasets import CocoWholeBodyDataset
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.evaluation import CocoMetric

from .annotations import check_annotations
from .detections import check_detections
from .finding import WARNING, Finding
from .image_sizes import check_image_sizes, check_masks
from .metainfo import check_metainfo
from .people import People, check_empty, check_keypoints, read_people
from .pipeline import (carries_category, check_flip, learns_areas, steps_of,
                       weighs_keypoints)
from .samples import check_samples
from .scoring import check_learnt_areas, check_scored
from .structure import check_structure

BODY = ('keypoints', )
WHOLE_BODY = ('keypoints', 'foot_kpts', 'face_kpts', 'lefthand_kpts',
              'righthand_kpts')


class DatasetCheck:
    """Look once at each file that datasets and metrics read.

    Args:
        known: Contents of files that somebody holds already, by path.
    """

    def __init__(self, known: Optional[Dict[str, Any]] = None) -> None:
        self.contents = {
            osp.abspath(path): content
            for path, content in (known or {}).items()
        }
        self.people: Dict[tuple, tuple] = {}

    def __call__(self, dataset: BaseDataset,
                 metrics: Sequence[BaseMetric] = ()) -> List[Finding]:
        """Check a dataset and the ground truth of its metrics.

        Args:
            dataset: One dataset, not several joined. It may be lazy: of
                MMPose's own classes only the files are looked at.
            metrics: The metrics that its samples go to.
        """
        metrics = [metric for metric in metrics
                   if isinstance(metric, CocoMetric)]
        if not isinstance(dataset, BaseCocoStyleDataset):
            return []
        findings = check_metainfo(
            dataset.metainfo, bool(metrics), weighs_keypoints(dataset))
        findings += check_flip(dataset)
        fields = fields_of(dataset)
        if fields is None:
            return findings + check_samples(dataset)
        return findings + self.check_files(dataset, metrics, fields)

    def check_files(self, dataset: BaseCocoStyleDataset,
                    metrics: Sequence[CocoMetric],
                    fields: Sequence[str]) -> List[Finding]:
        """Check the files of a dataset in COCO's format."""
        file = dataset.ann_file
        findings, people = self.read(file, dataset, fields)
        if people is None:
            return findings
        content = self.load(file)
        findings += check_image_sizes(content['images'], people, file,
                                      dataset.data_prefix.get('img'))
        if dataset.bbox_file:
            findings += self.check_bbox_file(dataset, content)
        elif dataset.data_mode == 'topdown':
            findings += check_left(content, people, file)
        if steps_of(dataset, 'BottomupGetHeatmapMask'):
            findings += check_masks(content, file)
        if learns_areas(dataset):
            findings += check_learnt_areas(people, file)
        for metric in metrics:
            findings += self.check_metric(metric, dataset, fields)
        return findings

    def check_bbox_file(self, dataset: BaseCocoStyleDataset,
                        content: dict) -> List[Finding]:
        """Check the detections that a dataset crops people by."""
        file = dataset.bbox_file
        if not osp.exists(file):
            return [
                Finding('detections-missing', file,
                        'there is no such detection file', 'set '
                        'bbox_file=None (val_dataloader.dataset.bbox_file='
                        'None test_dataloader.dataset.bbox_file=None) to '
                        'test on annotated boxes')
            ]
        return check_detections(
            self.load(file), content, file, dataset.ann_file)

    def check_metric(self, metric: CocoMetric, dataset: BaseCocoStyleDataset,
                     fields: Sequence[str]) -> List[Finding]:
        """Check the file that a metric compares predictions with."""
        if metric.gt_converter is not None or metric.format_only:
            return []
        file = metric.ann_file or dataset.ann_file
        findings, people = self.read(file, dataset, fields)
        if people is None:
            return findings
        content = self.load(file)
        if osp.abspath(file) != osp.abspath(dataset.ann_file):
            findings += compare_images(
                self.load(dataset.ann_file), dataset.ann_file, content, file)
        carried = not dataset.bbox_file and carries_category(dataset)
        return findings + check_scored(
            content, people, file, metric.use_area,
            metric.iou_type == 'keypoints_crowd', carried)

    def read(self, file: str, dataset: BaseCocoStyleDataset,
             fields: Sequence[str]) -> tuple:
        """Findings about a file, the first time, and its people.

        Returns:
            List of findings; the people, or None if they cannot be read.
        """
        number = dataset.metainfo['num_keypoints']
        key = osp.abspath(file), number, fields
        if key in self.people:
            return [], self.people[key]
        findings, self.people[key] = self.parse(file, number, fields)
        return findings, self.people[key]

    def parse(self, file: str, number: int, fields: Sequence[str]) -> tuple:
        """Read a file into findings and people or None."""
        content = self.load(file)
        if content is None:
            return [Finding('file-missing', file,
                            'there is no such annotation file')], None
        findings = check_structure(content, file)
        if any(finding.refused for finding in findings):
            return findings, None
        records = [ann for ann in content['annotations']
                   if ann.get(fields[0])]
        new = check_keypoints(records, file, number, fields) or check_empty(
            content['annotations'], file, fields[0])
        if new:
            return findings + new, None
        people = read_people(records, number, fields)
        return findings + check_annotations(content, people, file), people

    def load(self, file: str) -> Any:
        """Content of a JSON file, None if it does not exist."""
        path = osp.abspath(file)
        if path not in self.contents:
            if not osp.exists(path):
                return None
            try:
                self.contents[path] = json.loads(
                    Path(path).read_text('utf-8'))
            except (ValueError, RecursionError) as error:
                self.contents[path] = f'no JSON: {error}'
        return self.contents[path]


def fields_of(dataset: BaseCocoStyleDataset) -> Optional[Sequence[str]]:
    """Keys that a dataset's class reads keypoints from.

    Returns:
        None for classes that read another format.
    """
    kind = type(dataset)
    if kind._load_annotations is not BaseCocoStyleDataset._load_annotations:
        return None
    if kind.parse_data_info is CocoWholeBodyDataset.parse_data_info:
        return WHOLE_BODY
    if kind.parse_data_info is BaseCocoStyleDataset.parse_data_info:
        return BODY
    return None


def check_left(content: dict, people: People, file: str) -> List[Finding]:
    """Check that a top-down dataset has somebody left."""
    usable = people.counted & (people.boxes[:, 2:] > 0).all(1)
    stated = np.array([ann.get('num_keypoints', 1) != 0
                       for ann in people.records], dtype=bool)
    if (usable & stated).any():
        return []
    return [
        Finding('nobody', file, f'none of its {len(content["annotations"])} '
                'annotations is a person with labelled keypoints and a box: '
                f'{len(people.records)} have keypoints, '
                f'{int((people.labelled > 0).sum())} of them a labelled one '
                f'(v > 0), {int(people.iscrowd.sum())} are crowds')
    ]


def compare_images(content: dict, file: str, truth: dict,
                   truth_file: str) -> List[Finding]:
    """Compare the images of a dataset with those of its metric."""
    shown = {image['id'] for image in content['images']}
    known = {image['id'] for image in truth['images']}
    if shown - known:
        return [
            Finding('truth-lacks', f'{truth_file} (ann_file of the metric)',
                    f'lacks {len(shown - known)} of the {len(shown)} images '
                    f'of {file} (ann_file of the dataset), for example image '
                    f'{min(shown - known)}', 'name one file in both, in val_ '
                    'and test_evaluator')
        ]
    if known - shown:
        return [
            Finding('truth-exceeds', f'{truth_file} (ann_file of the metric)',
                    f'has {len(known - shown)} images that {file} (ann_file '
                    'of the dataset) lacks', 'people there count as missed',
                    WARNING)
        ]
    return []
