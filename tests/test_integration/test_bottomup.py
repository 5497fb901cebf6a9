# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Bottom-up from image file to people, with MMPose's own parts around it."""
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmpose.apis import MMPoseInferencer
from mmpose.registry import DATASETS, MODELS

AE = 'body_2d_keypoint/associative_embedding'
COCO = f'configs/{AE}/coco/ae_ViTPose-small_8xb24-300e_coco-512x512.py'
OVERFIT = 'configs/quickstart/' \
    'ae_ViTPose-tiny_1xb4-300e_coco-overfit-384x384.py'


@pytest.fixture
def tiny(repo):
    """Config of the smallest model."""
    return Config.fromfile(repo / OVERFIT)


def test_training_samples_of_coco_are_complete(repo, real_data):
    config = Config.fromfile(repo / COCO).train_dataloader.dataset
    config.update(
        data_root=str(real_data / 'coco'),
        ann_file='test_coco.json',
        data_prefix=dict(img=''))
    dataset = DATASETS.build(config)
    assert len(dataset) == 4
    for index in range(4):
        sample = dataset[index]
        assert sample['inputs'].shape == (3, 512, 512)
        fields = sample['data_samples'].gt_fields
        indices = sample['data_samples'].gt_instance_labels.keypoint_indices
        assert fields.heatmaps.shape == (17, 128, 128)
        assert fields.heatmap_mask.shape == (1, 128, 128)
        # Each labelled keypoint is the top of a Gaussian, or beside it.
        for cells in indices:
            for kind, (cell, labelled) in enumerate(cells):
                if labelled:
                    assert fields.heatmaps[kind].flatten()[cell] > 0.7


def test_unlabelled_people_are_no_negatives(tiny, real_data):
    config = tiny.train_dataloader.dataset
    config.update(data_root=str(real_data / 'coco'))
    dataset = DATASETS.build(config)
    unlabelled = [
        sum(n == 0 for n in dataset.get_data_info(i)['num_keypoints'])
        for i in range(4)
    ]
    masked = [
        (~dataset[i]['data_samples'].gt_fields.heatmap_mask).any().item()
        for i in range(4)
    ]
    assert masked == [n > 0 for n in unlabelled]
    assert sum(masked) == 2


def spots(image):
    """Centres (x, y) of bright spots, one in each quarter of an image."""
    height, width = image.shape
    found = []
    for rows in (slice(0, height // 2), slice(height // 2, height)):
        for columns in (slice(0, width // 2), slice(width // 2, width)):
            part = image[rows, columns].double()
            y, x = torch.meshgrid(
                torch.arange(height)[rows],
                torch.arange(width)[columns],
                indexing='ij')
            found.append(
                ((x * part).sum() / part.sum(), (y * part).sum() / part.sum()))
    return torch.tensor(found)


@pytest.mark.parametrize('size', [(640, 427), (500, 375), (375, 500),
                                  (320, 320)])
@pytest.mark.parametrize('flip', [False, True])
def test_coordinates_come_back_to_the_image(repo, tiny, size, flip):
    """A model that sees bright spots and calls each a kind of keypoint."""
    config = Config.fromfile(repo / COCO)
    config.model.backbone = tiny.model.backbone
    config.model.head.update(in_channels=128, deconv_out_channels=(8, 8))
    config.model.test_cfg.flip_test = flip
    model = MODELS.build(config.model).eval()
    width, height = size
    expected = np.array([[60, 50], [width - 70, 40], [45, height - 60],
                         [width - 80, height - 35]])
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in expected:
        image[y - 1:y + 2, x - 1:x + 2] = 255

    def maps(images):
        """Heatmaps and tags for the spots of (1, 3, H, W). In the mirror
        left and right change names and sides, as a network would say."""
        shown = images[0].sum(0) - images[0].sum(0).min()
        x, y = spots(shown).T[..., None, None]
        h, w = (side // 4 for side in shown.shape)
        rows, columns = torch.meshgrid(
            torch.linspace(0, shown.shape[0] - 1, h),
            torch.linspace(0, shown.shape[1] - 1, w),
            indexing='ij')
        square = ((rows - y)**2 + (columns - x)**2) / 4**2
        heatmaps = torch.zeros(1, 17, h, w)
        heatmaps[0, 1:5] = torch.exp(-square / 8).float()
        return heatmaps, torch.zeros(1, 17, h, w)

    model.extract_feat = lambda images: images
    model.head.forward = maps
    dataset = DATASETS.build(
        dict(
            type='CocoDataset',
            data_mode='bottomup',
            lazy_init=True,
            pipeline=config.val_pipeline[1:],
            test_mode=True))
    sample = dataset.pipeline(
        dict(
            img=image,
            img_shape=size[::-1],
            ori_shape=size[::-1],
            id=[1],
            img_id=1,
            img_path='',
            flip_indices=dataset.metainfo['flip_indices']))
    with torch.no_grad():
        result, = model.test_step(pseudo_collate([sample]))
    found, = result.pred_instances.keypoints
    np.testing.assert_allclose(found[1:5], expected, atol=0.35)


@pytest.mark.parametrize('name, kinds, metric',
                         [('coco', 17, 'coco/AP'),
                          ('crowdpose', 14, 'crowdpose/AP')])
def test_metric_of_perfect_maps_is_one(repo, tiny, tmp_path, name, kinds,
                                       metric):
    """Targets, decoding, estimator and stock metric agree."""
    config = Config.fromfile(
        repo / f'configs/_base_/datasets/{name}_bottomup_512x512.py')
    ann_file = crowd(tmp_path, kinds)
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.dataset.update(
            data_root=str(tmp_path),
            ann_file=ann_file,
            data_prefix=dict(img=''))
    affine, = (
        step for step in config.train_dataloader.dataset.pipeline
        if step.type == 'BottomupRandomAffine')
    affine.update(shift_prob=0, scale_prob=0, rotate_prob=0)
    config.train_dataloader.dataset.pipeline = [
        step for step in config.train_dataloader.dataset.pipeline
        if step.type != 'BottomupRandomFlip'
    ]
    targets = DATASETS.build(config.train_dataloader.dataset)
    images = DATASETS.build(config.val_dataloader.dataset)
    model = MODELS.build(
        dict(
            tiny.model,
            head=dict(
                type='AEHead',
                in_channels=128,
                num_keypoints=kinds,
                deconv_out_channels=(),
                deconv_kernel_sizes=(),
                decoder=config.codec))).eval()
    model.extract_feat = lambda images: images
    evaluator = Evaluator(config.val_evaluator
                          | dict(ann_file=str(tmp_path / ann_file)))
    evaluator.dataset_meta = images.metainfo
    for index in range(len(images)):
        sample = targets[index]['data_samples']
        model.head.forward = lambda _: perfect_maps(sample)
        data = pseudo_collate([images[index]])
        with torch.no_grad():
            evaluator.process(model.test_step(data), data)
    assert evaluator.evaluate(len(images))[metric] == pytest.approx(1)


def crowd(folder, kinds):
    """Write two square images with 3 and 12 people; returns the name of the
    annotation file."""
    rng = np.random.default_rng(0)
    annotations = []
    for image_id, people in ((1, 3), (2, 12)):
        picture = np.zeros((320, 320, 3), np.uint8)
        cv2.imwrite(str(folder / f'{image_id}.png'), picture)
        for corner in rng.permutation(16)[:people]:
            x, y = corner % 4 * 80, corner // 4 * 80
            points = (x, y) + rng.uniform(12, 68, (kinds, 2))
            points = np.c_[points, np.full(kinds, 2)]
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=image_id,
                    category_id=1,
                    iscrowd=0,
                    num_keypoints=kinds,
                    bbox=[int(x), int(y), 80, 80],
                    area=3200,
                    keypoints=points.ravel().tolist()))
    images = [
        dict(id=i, file_name=f'{i}.png', width=320, height=320, crowdIndex=.5)
        for i in (1, 2)
    ]
    (folder / 'crowd.json').write_text(
        json.dumps(
            dict(
                images=images,
                annotations=annotations,
                categories=[dict(id=1, name='person')])))
    return 'crowd.json'


def perfect_maps(sample):
    """The targets, and tags that name each person around its keypoints."""
    heatmaps = sample.gt_fields.heatmaps[None]
    tags = torch.full_like(heatmaps, -100.)
    for person, cells in enumerate(sample.gt_instance_labels.keypoint_indices):
        for kind, (cell, labelled) in enumerate(cells.tolist()):
            if labelled:
                y, x = divmod(cell, heatmaps.shape[3])
                tags[0, kind, y - 1:y + 2, x - 1:x + 2] = 3. * person
    return heatmaps, tags


@pytest.fixture
def inferencer(tiny, tmp_path):
    """Untrained; finds whoever has a score above -1."""

    def build(threshold):
        model = MODELS.build(tiny.model)
        weights = str(tmp_path / 'model.pth')
        torch.save(dict(state_dict=model.state_dict(), meta=dict()), weights)
        tiny.model.head.decoder.decode_keypoint_thr = threshold
        config = str(tmp_path / 'config.py')
        tiny.dump(config)
        return MMPoseInferencer(config, weights, device='cpu')

    return build


@pytest.mark.parametrize('threshold, bbox_thr, people',
                         [(2., -1., 0), (-1., -1., 30), (-1., 2., 0)])
@pytest.mark.parametrize('shape', [(90, 60, 3), (17, 300, 3)])
def test_inferencer_needs_no_boxes(inferencer, tmp_path, threshold, bbox_thr,
                                   people, shape):
    image = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    result = next(
        inferencer(threshold)(
            image, bbox_thr=bbox_thr, out_dir=str(tmp_path / 'out')))
    found, = result['predictions']
    assert len(found) == people
    assert all(np.isfinite(person['keypoints']).all() for person in found)
    picture, = (tmp_path / 'out' / 'visualizations').glob('*')
    assert cv2.imread(str(picture)).shape == shape


@pytest.fixture(scope='module')
def run(repo, real_data, tmp_path_factory):
    """The overfit config, trained once by `mim train`."""
    work_dir = tmp_path_factory.mktemp('overfit')
    training = subprocess.run(
        [sys.executable, '-m', 'mim', 'train', 'mmpose', OVERFIT,
         '--work-dir', work_dir],
        cwd=repo,
        env={
            **os.environ, 'VITPOSE_DATA': str(real_data)
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=1800)
    assert training.returncode == 0, training.stderr[-3000:]
    return SimpleNamespace(
        work_dir=work_dir, last=str(work_dir / 'epoch_300.pth'))


@pytest.mark.slow
def test_training_learns_all_people_by_heart(run):
    scalars = max(run.work_dir.glob('*/vis_data/scalars.json')).read_text()
    assert json.loads(scalars.splitlines()[-1])['coco/AP'] >= 0.9


@pytest.mark.slow
def test_inferencer_finds_all_people_and_hardly_more(run, repo, real_data):
    inferencer = MMPoseInferencer(str(repo / OVERFIT), run.last, device='cpu')
    coco = json.loads((real_data / 'coco/test_coco.json').read_text())
    for image in coco['images']:
        path = str(real_data / 'coco' / image['file_name'])
        found, = next(inferencer(path))['predictions']
        found = np.array([person['keypoints'] for person in found])
        labelled_people = [
            person for person in coco['annotations']
            if person['image_id'] == image['id'] and person['num_keypoints']
        ]
        # Someone may come back in two parts.
        assert len(found) <= len(labelled_people) + 1
        for person in labelled_people:
            keypoints = np.reshape(person['keypoints'], (17, 3))
            labelled = keypoints[:, 2] > 0
            error = np.linalg.norm(
                found[:, labelled] - keypoints[labelled, :2], axis=2)
            assert np.median(error, 1).min() < 0.1 * person['area']**.5
