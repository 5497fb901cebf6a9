# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import copy
import io
import time
import warnings
from collections import defaultdict
from typing import List, Optional, Sequence, Tuple

import numpy as np
from pycocotools import cocoeval

from .coco import COCO
from .matching import match
from .oks import box_area, keypoints_of, similarities
from .parts import BOXES, PARTS, SCORE_KEYS, has_points, require
from .summary import (CROWD_FIGURES, KEYPOINT_FIGURES, box_figures,
                      by_crowding, crowd_line, line, mean_of)


class COCOeval(cocoeval.COCOeval):
    """Average precision and recall of detections.

    pycocotools' class, and what xtcocotools adds to it: keypoints of parts
    of the body, CrowdPose's figures, sigmas of other keypoints than COCO's,
    annotations without area.

    Use it so: :meth:`evaluate`, :meth:`accumulate`, :meth:`summarize`, then
    read :attr:`stats`.

    Args:
        cocoGt: Annotations.
        cocoDt: Results, from its ``loadRes``.
        iouType: A key of PARTS, or ``'bbox'`` or ``'segm'``.
        sigmas: Per keypoint, how exactly people place it; None takes those
            of COCO's 17.
        use_area: Whether annotations have the area of the object; else the
            part of the box that a person covers is taken.

    Attributes:
        stats: ``keypoints...``: AP, AP .5, AP .75, AP medium, AP large, then
            AR likewise. ``keypoints_crowd``: AP, AP .5, AP .75, AR, AR .5,
            AR .75, then AP of easy, medium and hard images. ``bbox`` and
            ``segm``: as pycocotools.

    Raises:
        ValueError: If there is no such iouType.
    """

    def __init__(self,
                 cocoGt: Optional[COCO] = None,
                 cocoDt: Optional[COCO] = None,
                 iouType: str = 'keypoints',
                 sigmas: Optional[Sequence[float]] = None,
                 use_area: bool = True) -> None:
        if iouType not in (*PARTS, *BOXES):
            raise ValueError(f'iouType is {iouType!r}, not one of '
                             f'{", ".join((*PARTS, *BOXES))}')
        super().__init__(cocoGt, cocoDt,
                         'keypoints' if iouType in PARTS else iouType)
        self.params.iouType = iouType
        if sigmas is None:
            sigmas = cocoeval.Params('keypoints').kpt_oks_sigmas
        self.sigmas = np.asarray(sigmas)
        self.use_area = use_area
        self.score_key = 'score'

    def _prepare(self) -> None:
        """Sort annotations and results by image and category."""
        params = self.params
        if params.iouType in BOXES:
            super()._prepare()
            return
        parts = PARTS[params.iouType]
        chosen = dict(imgIds=params.imgIds)
        if params.useCats:
            chosen.update(catIds=params.catIds)
        annotations, results = (
            coco.loadAnns(coco.getAnnIds(**chosen))
            for coco in (self.cocoGt, self.cocoDt))
        crowded = params.iouType == 'keypoints_crowd'
        require(annotations,
                (*parts, 'num_keypoints') if crowded else parts,
                f'annotation, and iouType {params.iouType!r} needs it')
        require(results, (*parts, 'score'),
                f'result, and iouType {params.iouType!r} needs it')
        if annotations:
            self.score_key = SCORE_KEYS.get(params.iouType, 'score')
        if any(self.score_key not in result for result in results):
            warnings.warn(f"'{self.score_key}' not found, use 'score' "
                          'instead.')
        self._gts, self._dts = defaultdict(list), defaultdict(list)
        for annotation in annotations:
            # CrowdPose counts there only what is to be seen.
            labelled = (annotation['num_keypoints'] != 0
                        if crowded else has_points(annotation, parts))
            annotation['ignore'] = (
                not labelled or annotation.get('iscrowd', False))
            self._gts[annotation['image_id'],
                      annotation['category_id']].append(annotation)
        for result in results:
            score = result.setdefault(self.score_key, result['score'])
            if np.isnan(score):
                raise ValueError(
                    f'{self.score_key} of result {result["id"]} of image '
                    f'{result["image_id"]} is not a number')
            if has_points(result, parts):
                self._dts[result['image_id'],
                          result['category_id']].append(result)

    def evaluate(self) -> None:
        """Compare the detections of each image with its annotations.

        Raises:
            ValueError: If annotations or results lack what is compared.
        """
        start = time.time()
        print('Running per image evaluation...')
        params = self.params
        if params.useSegm is not None:
            params.iouType = 'segm' if params.useSegm == 1 else 'bbox'
            print('useSegm (deprecated) is not None. Running '
                  f'{params.iouType} evaluation')
        print(f'Evaluate annotation type *{params.iouType}*')
        params.imgIds = list(np.unique(params.imgIds))
        if params.useCats:
            params.catIds = list(np.unique(params.catIds))
        params.maxDets = sorted(params.maxDets)
        self._prepare()
        categories = params.catIds if params.useCats else [-1]
        overlaps = (self.computeIoU
                    if params.iouType in BOXES else self.computeOks)
        self.ious = {(image, category): overlaps(image, category)
                     for image in params.imgIds for category in categories}
        self.evalImgs = [
            self.evaluateImg(image, category, areas, params.maxDets[-1])
            for category in categories for areas in params.areaRng
            for image in params.imgIds
        ]
        self.eval = {}
        self._paramsEval = copy.deepcopy(params)
        print(f'DONE (t={time.time() - start:0.2f}s).')

    def _pair(self, imgId: int,
              catId: int) -> Tuple[List[dict], List[dict]]:
        """Annotations and results of an image, these best first."""
        categories = [catId] if self.params.useCats else self.params.catIds
        annotations, results = (
            [entry for category in categories
             for entry in entries[imgId, category]]
            for entries in (self._gts, self._dts))
        results.sort(key=lambda result: -result[self.score_key])
        return annotations, results[:self.params.maxDets[-1]]

    def computeOks(self, imgId: int, catId: int) -> np.ndarray:
        """Object keypoint similarity in one image.

        Returns:
            (D, G), of results, best first, with annotations; (0,) if there
            are none of either.

        Raises:
            ValueError: If it cannot be computed.
        """
        annotations, results = self._pair(imgId, catId)
        if not annotations or not results:
            return np.empty(0)
        parts, count = PARTS[self.params.iouType], len(self.sigmas)
        points = keypoints_of(results, parts, count)
        labels = keypoints_of(annotations, parts, count)
        columns = []
        for annotation, labelled in zip(annotations, labels):
            if not self.use_area:
                area = box_area(annotation)
            elif 'area' in annotation:
                area = annotation['area']
            else:
                raise ValueError(
                    f'annotation {annotation["id"]} of image {imgId} has no '
                    'area; use_area=False takes its box instead')
            columns.append(
                similarities(points, labelled, annotation['bbox'], area,
                             self.sigmas))
        overlaps = np.stack(columns, axis=1)
        # Both would count as a match.
        if not (overlaps <= 1).all():
            raise ValueError(
                f'keypoints of image {imgId} are not comparable: a '
                'coordinate, box, area or sigma is not a number, or an area '
                'is negative')
        return overlaps

    def evaluateImg(self, imgId: int, catId: int, aRng: Sequence[float],
                    maxDet: int) -> Optional[dict]:
        """Match the detections of one image within a range of areas.

        Returns:
            Ids, scores and what is ignored of results and annotations, and
            at each threshold the id that each is matched with, -1 for none.
        """
        annotations, results = self._pair(imgId, catId)
        if not annotations and not results:
            return None
        results = results[:maxDet]
        low, high = aRng
        ignored = np.array([
            bool(annotation['ignore'])
            or not low <= self._area(annotation) <= high
            for annotation in annotations
        ], dtype=np.int64)
        order = np.argsort(ignored, kind='stable')
        annotations = [annotations[index] for index in order]
        ignored = ignored[order]
        crowds = [bool(annotation['iscrowd']) for annotation in annotations]
        overlaps = self.ious[imgId, catId]
        if len(overlaps):
            overlaps = overlaps[:, order]
        thresholds = self.params.iouThrs
        matched = match(overlaps, thresholds, ignored.tolist(), crowds,
                        len(results))
        found = matched >= 0
        result_ids, annotation_ids = (
            np.array([entry['id'] for entry in entries], dtype=np.int64)
            for entries in (results, annotations))
        result_matches = np.full(matched.shape, -1)
        result_matches[found] = annotation_ids[matched[found]]
        annotation_matches = np.full((len(thresholds), len(annotations)), -1)
        rows, columns = np.nonzero(found)
        annotation_matches[rows, matched[found]] = result_ids[columns]
        sizes = np.array([result['area'] for result in results])
        result_ignored = ((sizes < low) | (sizes > high)) & ~found
        result_ignored[found] = ignored[matched[found]]
        return {
            'image_id': imgId,
            'category_id': catId,
            'aRng': aRng,
            'maxDet': maxDet,
            'dtIds': result_ids.tolist(),
            'gtIds': annotation_ids.tolist(),
            'dtMatches': result_matches,
            'gtMatches': annotation_matches,
            'dtScores': [result[self.score_key] for result in results],
            'gtIgnore': ignored,
            'dtIgnore': result_ignored,
        }

    def _area(self, annotation: dict) -> float:
        """Area in pixels that decides on its range."""
        has_area = self.use_area and 'area' in annotation
        return annotation['area'] if has_area else box_area(annotation)

    def accumulate(self, p: Optional[cocoeval.Params] = None) -> None:
        """Precision and recall over all images, in ``eval``.

        Args:
            p: What to take of what was evaluated; None takes all.
        """
        images = self.evalImgs
        # pycocotools takes 0 for no match, where an id can be 0.
        self.evalImgs = [
            image and dict(image, dtMatches=image['dtMatches'] >= 0)
            for image in images
        ]
        super().accumulate(p)
        self.evalImgs = images

    def summarize(self) -> None:
        """Print the figures of the default params and leave them in
        ``stats``.

        Raises:
            RuntimeError: If nothing is accumulated.
        """
        if not self.eval:
            raise RuntimeError('Please run accumulate() first')
        if self.params.iouType in BOXES:
            figures = box_figures(self.params.maxDets)
        elif self.params.iouType == 'keypoints_crowd':
            figures = CROWD_FIGURES
        else:
            figures = KEYPOINT_FIGURES
        thresholds = self.params.iouThrs
        stats = []
        for figure in figures:
            stats.append(mean_of(figure, self.eval))
            print(line(figure, stats[-1], thresholds))
        if self.params.iouType == 'keypoints_crowd':
            for name, images in by_crowding(self.cocoGt).items():
                stats.append(self._precision_of(images))
                print(crowd_line(name, stats[-1], thresholds))
        self.stats = np.array(stats)

    def _precision_of(self, images: list) -> float:
        """AP of some images, rounded to 4 digits as CrowdPose's."""
        part = COCOeval(self.cocoGt, self.cocoDt, self.params.iouType,
                        self.sigmas, self.use_area)
        part.params = copy.deepcopy(self.params)
        part.params.imgIds = images
        with contextlib.redirect_stdout(io.StringIO()):
            part.evaluate()
            part.accumulate()
        precision = part.eval['precision'][:, :, :, 0]
        return float(round(np.mean(precision), 4))
