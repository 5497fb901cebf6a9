# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Callable, List, Optional, Tuple

import cv2
import mmcv
import numpy as np
import torch
from mmengine.dataset import BaseDataset, ConcatDataset, pseudo_collate
from mmengine.structures import InstanceData
from mmengine.visualization import Visualizer
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import get_warp_matrix

from .errors import SURE

TILE = (192, 256)  # (w, h) in pixels, of a person
IMAGE_TILE = (384, 288)  # of an image with everybody in it
MARGIN = 1.25  # tile over box, as the crops of training
TRUTH, GUESS = 'ground truth', 'prediction'


def draw_contact_sheet(
    model: torch.nn.Module,
    dataset: BaseDataset,
    num_people: int = 12,
    on_pair: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Draw people of a dataset, ground truth left and prediction right, each
    in the skeleton of their own dataset.

    Args:
        model: Pose estimator in eval mode with ``dataset_meta``.
        dataset: Dataset in test mode, or several joined; of a bottom-up one
            whole images are drawn.
        num_people: People (or images) to draw, spread evenly.
        on_pair: Called after each.

    Returns:
        The sheet, shape (h, w, 3), BGR.
    """
    drawer = VISUALIZERS.build(
        dict(
            type='PoseVisualizer',
            name='contact_sheet',
            radius=3,
            line_width=2))
    pairs = []
    for index in pick(dataset, num_people):
        own = find_part(dataset, index)
        with torch.no_grad():
            result, = model.test_step(pseudo_collate([dataset[index]]))
        chosen = getattr(getattr(model, 'routes', None), 'chosen', None)
        guessed = own.metainfo if chosen is None else model.dataset_meta
        whole = getattr(own, 'data_mode', 'topdown') == 'bottomup'
        pairs.append(draw_pair(drawer, result, own.metainfo, guessed, whole))
        on_pair()
    # Top-down and bottom-up models are not mixed, so all have one size.
    return lay_out(pairs, columns=4 if pairs[0].shape[0] == TILE[1] else 2)


def pick(dataset: BaseDataset, count: int) -> List[int]:
    """Indices of samples, spread evenly over a dataset, and as many of each
    where several are joined."""
    lengths = [len(dataset)]
    if isinstance(dataset, ConcatDataset):
        lengths = [len(part) for part in dataset.datasets]
    picked, start = [], 0
    for rest, length in zip(range(len(lengths), 0, -1), lengths):
        # What a short one does not hold goes to those after it.
        share = min(length, -(-(count - len(picked)) // rest))
        picked += [start + round(index)
                   for index in np.linspace(0, length - 1, share)]
        start += length
    return picked


def find_part(dataset: BaseDataset, index: int) -> BaseDataset:
    """The dataset that a sample of several joined is from."""
    while isinstance(dataset, ConcatDataset):
        part, index = dataset._get_ori_dataset_idx(index)
        dataset = dataset.datasets[part]
    return dataset


def draw_pair(visualizer: Visualizer, result: PoseDataSample, truth: dict,
              guess: dict, whole: bool) -> np.ndarray:
    """Draw one person on its crop, or all on their image, twice.

    Args:
        visualizer: MMPose's.
        result: Predicted sample with its ground truth, in image pixels.
        truth: Metainfo of the ground truth.
        guess: Metainfo of the prediction.
        whole: Whether to draw the whole image.

    Returns:
        Ground truth left, prediction right; shape (h, w, 3), BGR.
    """
    image = mmcv.imread(result.img_path)  # turned as EXIF says
    if whole:
        tile, warp = IMAGE_TILE, fit_image(image, IMAGE_TILE)
    else:
        tile, warp = TILE, fit_box(result.gt_instances.bboxes[0])
    crop = cv2.warpAffine(image, warp, tile, flags=cv2.INTER_LINEAR)
    halves = []
    for people, scores, metainfo in (
            (result.gt_instances, 'keypoints_visible', truth),
            (result.pred_instances, 'keypoint_scores', guess)):
        instances = to_tile(people, scores, warp)
        halves.append(draw_people(visualizer, crop, instances, metainfo))
    return np.concatenate(halves, axis=1)


def fit_box(box: np.ndarray, tile: Tuple[int, int] = TILE) -> np.ndarray:
    """Warp (2, 3) that brings a box x1, y1, x2, y2 and a margin into a tile
    of (w, h)."""
    center, size = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * MARGIN
    side = max(size[0], size[1] * tile[0] / tile[1], 1.)
    scale = np.array([side, side * tile[1] / tile[0]])
    return get_warp_matrix(center, scale, 0., tile)


def fit_image(image: np.ndarray, tile: Tuple[int, int]) -> np.ndarray:
    """Warp (2, 3) that brings all of an image into a tile of (w, h)."""
    height, width = image.shape[:2]
    scale = min(tile[0] / width, tile[1] / height)
    return np.array([[scale, 0, (tile[0] - scale * width) / 2],
                     [0, scale, (tile[1] - scale * height) / 2]])


def to_tile(people: InstanceData, scores: str,
            warp: np.ndarray) -> Optional[InstanceData]:
    """Move keypoints (N, K, 2) from image to tile pixels.

    Args:
        people: In the image.
        scores: Which field says how sure each keypoint is.
        warp: Shape (2, 3).

    Returns:
        None if there are no people.
    """
    if not len(people) or 'keypoints' not in people:
        return None
    visible = np.asarray(people.get(scores))
    if visible.ndim == 3:  # with a weight beside each
        visible = visible[..., 0]
    keypoints = np.asarray(people.keypoints, np.float64)[..., :2]
    return InstanceData(
        keypoints=keypoints @ warp[:, :2].T + warp[:, 2],
        keypoints_visible=visible)


def draw_people(visualizer: Visualizer, crop: np.ndarray,
                people: Optional[InstanceData],
                metainfo: dict) -> np.ndarray:
    """Draw people on a copy of a tile, or say that there are none, or that no
    keypoint is sure enough to be drawn.

    Args:
        visualizer: MMPose's.
        crop: The tile, BGR.
        people: In tile pixels, or None.
        metainfo: Colours and skeleton.

    Returns:
        Of the shape of ``crop``, BGR.
    """
    if people is None or not (people.keypoints_visible >= SURE).any():
        drawn = crop.copy()
        text = 'nobody' if people is None else f'all below {SURE}'
        cv2.putText(drawn, text, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7,
                    (0, 0, 255), 2, cv2.LINE_AA)
        return drawn
    visualizer.set_dataset_meta(metainfo)
    if metainfo.get('num_keypoints') != people.keypoints.shape[1]:
        visualizer.kpt_color, visualizer.skeleton = 'red', None
    drawn = visualizer.add_datasample(
        'pair',
        cv2.cvtColor(crop, cv2.COLOR_BGR2RGB),
        PoseDataSample(pred_instances=people),
        draw_gt=False,
        draw_bbox=False,
        kpt_thr=SURE)
    return cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR)


def lay_out(pairs: List[np.ndarray], columns: int) -> np.ndarray:
    """Arrange pairs in rows under a heading; white where there is none."""
    gap, heading = 8, 24
    h, w = pairs[0].shape[:2]
    rows = -(-len(pairs) // columns)
    columns = min(columns, len(pairs))
    sheet = np.full(
        (heading + rows * (h + gap), columns * (w + gap), 3), 255, np.uint8)
    for i, pair in enumerate(pairs):
        row, column = divmod(i, columns)
        y, x = heading + row * (h + gap), column * (w + gap)
        sheet[y:y + h, x:x + w] = pair
        if row == 0:
            for text, offset in ((TRUTH, 0), (GUESS, w // 2)):
                cv2.putText(sheet, text, (x + offset + 4, heading - 7),
                            cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1,
                            cv2.LINE_AA)
    return sheet
