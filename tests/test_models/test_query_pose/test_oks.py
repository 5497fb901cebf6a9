# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from vitpose_mm.models.query_pose.oks import distance, oks

SIGMAS = np.array([
    .26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07, .87,
    .87, .89, .89
]) / 10


def by_pycocotools(keypoints, labels, visible, areas):
    """OKS of each pair of people, by the evaluation itself."""
    def entries(points, flags):
        return [
            dict(id=i + 1, image_id=1, category_id=1, iscrowd=0, score=1.,
                 bbox=[0, 0, 9, 9], area=float(areas[min(i, len(areas) - 1)]),
                 num_keypoints=int(flag.sum()),
                 keypoints=np.c_[point, 2 * flag].ravel().tolist())
            for i, (point, flag) in enumerate(zip(points, flags))
        ]

    coco = COCO()
    coco.dataset = dict(
        images=[dict(id=1)], categories=[dict(id=1)],
        annotations=entries(labels, visible))
    coco.createIndex()
    found = coco.loadRes(entries(keypoints, np.ones(keypoints.shape[:2])))
    evaluation = COCOeval(coco, found, 'keypoints')
    assert np.allclose(evaluation.params.kpt_oks_sigmas, SIGMAS)
    evaluation._prepare()
    return evaluation.computeOks(1, 1)


def test_equals_pycocotools(capsys):
    rng = np.random.default_rng(0)
    labels = rng.uniform(0, 200, (4, 17, 2))
    visible = rng.random((4, 17)) > 0.4
    areas = np.array([400., 2500., 9000., 40000.])
    keypoints = labels[[1, 3, 0]] + rng.normal(0, 6, (3, 17, 2))
    expected = by_pycocotools(keypoints, labels, visible, areas)
    assert expected.max() > 0.5
    stds = 2 * SIGMAS * np.sqrt(areas)[:, None]
    ours = oks(*(torch.tensor(part) for part in (
        keypoints[:, None], labels, visible.astype(float), stds)))
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-9)


def test_keypoints_without_label_have_no_gradient():
    keypoints = torch.randn(2, 3, 2, requires_grad=True)
    weights = torch.tensor([[1., 0., 1.], [0., 0., 0.]])
    labels, stds = torch.randn(2, 3, 2), torch.ones(2, 3)
    (oks(keypoints, labels, weights, stds).sum() +
     distance(keypoints, labels, weights, torch.ones(2)).sum()).backward()
    is_zero = (keypoints.grad == 0).all(-1)
    assert torch.equal(is_zero, weights == 0)


def test_distance_is_in_units_of_the_person():
    apart = distance(
        torch.tensor([[3., 4.], [90., 90.]]), torch.zeros(2, 2),
        torch.tensor([1., 0.]), torch.tensor(4.))
    assert apart == 3.5
