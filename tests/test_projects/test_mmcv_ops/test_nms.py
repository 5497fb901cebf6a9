# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmcv import ops
from torch import Tensor


def random_boxes(num: int):
    corner = torch.rand(num, 2) * 30
    boxes = torch.cat([corner, corner + torch.rand(num, 2) * 20 + 1], 1)
    return boxes, torch.rand(num)


def overlap(a: list, b: list, offset: int) -> float:
    w, h = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) + offset
            for i in range(2))
    inter = max(w, 0) * max(h, 0)
    areas = [(x[2] - x[0] + offset) * (x[3] - x[1] + offset) for x in (a, b)]
    return inter / (sum(areas) - inter)


def greedy(boxes: Tensor, scores: Tensor, threshold: float,
           offset: int) -> list:
    boxes, kept = boxes.double().tolist(), []
    for i in scores.argsort(descending=True).tolist():
        if all(
                overlap(boxes[i], boxes[k], offset) <= threshold
                for k in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize('offset', [0, 1])
def test_nms_keeps_what_overlaps_no_better_box(offset):
    boxes, scores = random_boxes(120)

    dets, kept = ops.nms(boxes, scores, 0.4, offset=offset)

    assert kept.tolist() == greedy(boxes, scores, 0.4, offset)
    assert torch.equal(dets, torch.cat([boxes, scores[:, None]], 1)[kept])


@pytest.mark.parametrize('offset, wide', [(0, 4), (1, 3)])
def test_nms_keeps_an_overlap_of_exactly_the_threshold(offset, wide):
    # 3 / 5: float32 rounds it up, and a threshold in float64 would drop it.
    boxes = torch.tensor([[0, 0, wide, 1 - offset],
                          [1, 0, wide + 1, 1 - offset]]).float()
    scores = torch.tensor([0.9, 0.8])

    assert len(ops.nms(boxes, scores, 0.6, offset=offset)[1]) == 2
    assert len(ops.nms(boxes, scores, 0.59, offset=offset)[1]) == 1


@pytest.mark.parametrize('offset', [0, 1])
def test_nms_of_nothing_keeps_nothing(offset):
    dets, kept = ops.nms(torch.zeros(0, 4), torch.zeros(0), 0.5, offset)

    assert dets.shape == (0, 5)
    assert kept.dtype == torch.long and len(kept) == 0


def test_nms_match_groups_a_box_with_what_it_drops():
    boxes, scores = random_boxes(40)
    dets = torch.cat([boxes, scores[:, None]], 1)

    groups = [group.tolist() for group in ops.nms_match(dets, 0.3)]

    assert [group[0] for group in groups] == greedy(boxes, scores, 0.3, 0)
    assert sorted(sum(groups, [])) == list(range(40))
    first = boxes[groups[0][0]].tolist()
    assert all(overlap(first, boxes[i].tolist(), 0) >= 0.3
               for i in groups[0][1:])


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
def test_soft_nms_lowers_scores_by_overlap(method, offset):
    boxes, scores = random_boxes(60)
    left = dict(enumerate(scores.double().tolist()))
    corners, expected = boxes.double().tolist(), []
    while left:
        best = max(left, key=left.get)
        expected.append((best, left.pop(best)))
        for i in list(left):
            iou = overlap(corners[best], corners[i], offset)
            left[i] *= dict(
                naive=float(iou < 0.3),
                linear=1 - iou if iou >= 0.3 else 1,
                gaussian=np.exp(-iou**2 / 0.5))[method]
            if left[i] < 0.05:
                del left[i]

    dets, kept = ops.soft_nms(
        boxes, scores, 0.3, 0.5, 0.05, method=method, offset=offset)

    assert kept.tolist() == [i for i, _ in expected]
    assert torch.equal(dets[:, :4], boxes[kept])
    assert dets[:, 4].tolist() == pytest.approx([s for _, s in expected],
                                                rel=1e-5)


def test_batched_nms_keeps_classes_apart():
    boxes = torch.tensor([[0., 0, 10, 10], [1, 1, 11, 11], [0, 0, 10, 10]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    classes = torch.tensor([0, 0, 1])

    _, kept = ops.batched_nms(boxes, scores, classes,
                              dict(type='nms', iou_threshold=0.5))

    assert kept.tolist() == [0, 2]
