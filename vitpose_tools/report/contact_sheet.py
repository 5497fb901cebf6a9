# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

import cv2
import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import get_warp_matrix

TILE = (192, 256)  # (w, h) in pixels
MARGIN = 1.25  # tile over box, as the crops of training


def draw_contact_sheet(model: torch.nn.Module,
                       dataset,
                       num_people: int = 12,
                       columns: int = 4) -> np.ndarray:
    """Draw people of a dataset, ground truth left and prediction right.

    Args:
        model: Pose estimator in eval mode with ``dataset_meta``.
        dataset: Top-down dataset in test mode.
        num_people: People to draw, spread evenly over the dataset.
        columns: Pairs in a row.

    Returns:
        The sheet, shape (h, w, 3), BGR.
    """
    visualizer = VISUALIZERS.build(
        dict(
            type='PoseLocalVisualizer',
            name='contact_sheet',
            radius=3,
            line_width=2))
    visualizer.set_dataset_meta(model.dataset_meta)
    picks = np.linspace(0, len(dataset) - 1, min(num_people, len(dataset)))
    pairs = []
    for index in picks.round().astype(int):
        with torch.no_grad():
            result, = model.test_step(pseudo_collate([dataset[int(index)]]))
        pairs.append(draw_pair(visualizer, result))
    return lay_out(pairs, columns)


def draw_pair(visualizer, result: PoseDataSample) -> np.ndarray:
    """Draw one person twice on its crop: ground truth and prediction.

    Args:
        visualizer: PoseLocalVisualizer with the dataset's meta.
        result: Predicted sample with its ground truth, in image pixels.

    Returns:
        Shape (tile height, 2 * tile width, 3), BGR.
    """
    image = cv2.imread(result.img_path)
    box = result.gt_instances.bboxes[0]
    center, size = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * MARGIN
    side = max(size[0], size[1] * TILE[0] / TILE[1])
    scale = np.array([side, side * TILE[1] / TILE[0]])
    warp = get_warp_matrix(center, scale, 0., TILE)
    crop = cv2.warpAffine(image, warp, TILE, flags=cv2.INTER_LINEAR)
    sample = PoseDataSample(
        gt_instances=to_tile(result.gt_instances,
                             result.gt_instances.keypoints_visible, warp),
        pred_instances=to_tile(result.pred_instances,
                               result.pred_instances.keypoint_scores, warp))
    drawn = visualizer.add_datasample(
        'pair',
        cv2.cvtColor(crop, cv2.COLOR_BGR2RGB),
        sample,
        draw_bbox=False,
        kpt_thr=0.2)
    return cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR)


def to_tile(instances: InstanceData, visible: np.ndarray,
            warp: np.ndarray) -> InstanceData:
    """Move keypoints (1, K, 2) from image to tile pixels."""
    keypoints = cv2.transform(np.asarray(instances.keypoints), warp)
    return InstanceData(
        keypoints=keypoints, keypoints_visible=np.asarray(visible))


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
            for text, offset in (('ground truth', 0), ('prediction', w // 2)):
                cv2.putText(sheet, text, (x + offset + 4, heading - 7),
                            cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1,
                            cv2.LINE_AA)
    return sheet
