# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The dataset sections of the configs read real samples of each dataset."""
import json
import re
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.datasets import CocoDataset
from mmpose.evaluation import CocoMetric
from mmpose.registry import DATA_SAMPLERS, DATASETS, EVALUATORS, METRICS
from scipy.io import savemat

FIXTURES = dict(
    CocoDataset='coco/test_coco.json',
    AicDataset='aic/test_aic.json',
    MpiiDataset='mpii/test_mpii.json',
    OCHumanDataset='ochuman/test_ochuman.json',
    AP10KDataset='ap10k/test_ap10k.json',
    # The same form and keypoints.
    APT36KDataset='ap10k/test_ap10k.json',
    CocoWholeBodyDataset='coco/test_coco_wholebody.json')
# dataset_name, samples, keypoints of the joint set's fixtures, in order.
JOINT = [('coco', 12, 17), ('aic', 9, 14), ('mpii', 5, 16), ('ap10k', 2, 17),
         ('apt36k', 2, 17), ('coco_wholebody', 12, 133)]
DETECTIONS = 'coco/test_coco_det_AP_H_56.json'


def on_fixtures(dataset: dict, root) -> dict:
    """The config of a dataset, turned to the real samples in ``root``."""
    file = FIXTURES[dataset['type']]
    dataset = dict(
        dataset,
        data_root=str(root),
        ann_file=file,
        data_prefix=dict(img=file.split('/')[0]))
    if dataset.get('bbox_file'):
        dataset['bbox_file'] = str(root / DETECTIONS)
    # There are none in the fixture.
    dataset.pop('headbox_file', None)
    return dataset


def load(repo, name: str) -> Config:
    path, = (repo / 'configs').rglob(f'td-hm_{name}.py')
    return Config.fromfile(path)


@pytest.fixture
def joint(repo) -> Config:
    return load(repo, 'ViTPose-plus-base_8xb128-210e_joint-256x192')


@pytest.fixture
def published(repo) -> Config:
    return load(repo, 'ViTPose-plus-base_8xb128-210e_joint-published-256x192')


def build_joint(loader: dict, root):
    datasets = [on_fixtures(dataset, root)
                for dataset in loader['dataset']['datasets']]
    return DATASETS.build(dict(loader['dataset'], datasets=datasets))


def test_joint_loader_keeps_each_dataset_what_it_is(joint, real_data):
    """Names, keypoints, targets and flip order of all six, in the order of
    the experts and heads."""
    dataset = build_joint(joint.train_dataloader, real_data)

    assert list(joint.model.heads) == [name for name, _, _ in JOINT]
    start = 0
    for part, (name, samples, keypoints) in zip(dataset.datasets, JOINT):
        assert len(part) == samples
        sample = dataset[start]['data_samples']
        assert sample.dataset_name == name
        assert sample.gt_fields.heatmaps.shape == (keypoints, 64, 48)
        assert sample.gt_instance_labels.keypoint_weights.shape == (
            1, keypoints)
        assert list(sample.flip_indices) == part.metainfo['flip_indices']
        assert joint.model.heads[name].out_channels == keypoints
        start += samples
    assert len(dataset) == start


def test_joint_loader_samples_in_proportion(joint, real_data):
    dataset = build_joint(joint.train_dataloader, real_data)
    sampler = DATA_SAMPLERS.build(
        dict(joint.train_dataloader.sampler, dataset=dataset))

    assert sampler.quotas == [samples for _, samples, _ in JOINT]


@pytest.mark.parametrize('step', ('val', 'test'))
def test_joint_evaluator_has_the_metrics_of_the_loader(joint, real_data,
                                                       step):
    dataset = build_joint(joint[f'{step}_dataloader'], real_data)
    evaluator = EVALUATORS.build(joint[f'{step}_evaluator'])

    assert list(evaluator.metrics_dict) == [
        part.metainfo['dataset_name'] for part in dataset.datasets]
    names = []
    for (metric, ), part in zip(evaluator.metrics_dict.values(),
                                dataset.datasets):
        if isinstance(metric, CocoMetric):
            # It has found the dataset's own annotations by itself.
            images = json.loads(Path(part.ann_file).read_text())['images']
            assert set(metric.coco.imgs) == {image['id'] for image in images}
            names.append(part.metainfo['dataset_name'])
    assert names == [name for name, _, _ in JOINT if name != 'mpii']
    assert 'inputs' in dataset[0] and dataset[-1]['data_samples']


def test_mpii_of_the_joint_set_is_measured_by_head_sizes(
        joint, real_data, tmp_path):
    """MPII counts pixels from 1, its metric lifts the predictions."""
    corners = np.tile([[100.], [180.]], (1, 2))  # (2, 2): x and y alike
    savemat(tmp_path / 'heads.mat',
            dict(headboxes_src=np.repeat(corners[..., None], 5, axis=2)))
    config = dict(
        on_fixtures(joint.test_dataloader.dataset.datasets[2], real_data),
        headbox_file=str(tmp_path / 'heads.mat'))
    metric = METRICS.build(dict(joint.test_evaluator.metrics[2], prefix='m'))
    # The norm is 0.6 of the diagonal, the threshold half of it.
    limit = 0.5 * 0.6 * 80 * np.sqrt(2)
    for shift, expected in (limit - 1, 100.), (limit + 1, 0.):
        for item in DATASETS.build(config):
            sample = item['data_samples'].to_dict()
            truth = sample['gt_instances']['keypoints']
            sample['pred_instances'] = dict(keypoints=truth - 1 + (shift, 0))
            metric.process(None, [sample])
        assert metric.evaluate(5)['m/PCK'] == expected


def test_only_coco_is_tested_on_detections(joint):
    for dataset in joint.test_dataloader.dataset.datasets:
        assert bool(dataset.get('bbox_file')) == (
            dataset.type in ('CocoDataset', 'CocoWholeBodyDataset'))


def steps(dataset: dict) -> dict:
    return {step['type']: step for step in dataset['pipeline']}


def test_published_encoding_is_udp_for_coco_and_mpii_alone(
        published, real_data):
    names = [name for name, _, _ in JOINT]
    for loader in 'train', 'val', 'test':
        udp = [name for name, dataset in zip(
            names, published[f'{loader}_dataloader'].dataset.datasets)
            if steps(dataset)['TopdownAffine'].get('use_udp')]
        assert udp == ['coco', 'mpii']
    for name, dataset in zip(names,
                             published.train_dataloader.dataset.datasets):
        encoder = steps(dataset)['GenerateTarget']['encoder']
        assert encoder == published.model.heads[name].decoder
        assert encoder.type == (
            'UDPHeatmap' if name in ('coco', 'mpii') else 'MSRAHeatmap')
    animal = on_fixtures(published.train_dataloader.dataset.datasets[3],
                         real_data)
    assert 'ViTPoseHalfBody' in steps(animal)
    sample = DATASETS.build(animal)[0]['data_samples']
    assert sample.gt_fields.heatmaps.shape == (17, 64, 48)


def test_smaller_joint_sets_are_the_first_of_the_six(repo, joint):
    for number, name in (2, 'coco-aic'), (3, 'coco-aic-mpii'):
        config = load(repo, f'ViTPose-base_8xb128-210e_{name}-256x192')
        names = [name for name, _, _ in JOINT[:number]]
        assert list(config.model.heads) == names
        assert all(head.decoder == config.codec
                   for head in config.model.heads.values())
        for key in 'train', 'val', 'test':
            assert config[f'{key}_dataloader'].dataset.datasets == \
                joint[f'{key}_dataloader'].dataset.datasets[:number]
        evaluator = EVALUATORS.build(config.test_evaluator)
        assert list(evaluator.metrics_dict) == names
        assert config.model.backbone.type == 'ViT'


@pytest.mark.parametrize('data', ('aic', 'mpii', 'ochuman', 'ap10k',
                                  'apt36k', 'coco-wholebody'))
def test_single_datasets_read_and_measure_real_samples(repo, real_data,
                                                       data):
    config = load(repo, f'ViTPose-base_8xb64-210e_{data}-256x192')
    plus = load(repo, f'ViTPose-plus-base_8xb64-210e_{data}-256x192')

    train = DATASETS.build(
        on_fixtures(config.train_dataloader.dataset, real_data))
    sample = train[0]['data_samples']
    channels = config.model.head.out_channels
    assert sample.gt_fields.heatmaps.shape == (channels, 64, 48)
    test = DATASETS.build(
        on_fixtures(config.test_dataloader.dataset, real_data))
    name = test[0]['data_samples'].dataset_name
    assert plus.model.test_cfg.dataset == name == data.replace('-', '_')
    assert plus.model.heads[dict(ochuman='coco').get(
        name, name)].out_channels == channels
    assert config.default_hooks.checkpoint.save_best.startswith(f'{name}/')
    assert config.val_evaluator.prefix == config.test_evaluator.prefix == name
    assert DATASETS.get(config.dataset_type) is type(test)


@pytest.mark.parametrize('data', ('aic', 'ochuman', 'crowdpose', 'ap10k',
                                  'apt36k', 'coco-wholebody'))
def test_metrics_read_the_annotations_that_are_tested_on(repo, data):
    config = load(repo, f'ViTPose-base_8xb64-210e_{data}-256x192')

    for key in 'val', 'test':
        dataset = config[f'{key}_dataloader'].dataset
        assert config[f'{key}_evaluator'].ann_file == \
            f'{dataset.data_root}/{dataset.ann_file}'


def test_mpii_takes_no_half_bodies_and_shifts_no_boxes(repo, joint):
    alone = load(repo, 'ViTPose-base_8xb64-210e_mpii-256x192')
    for dataset in (alone.train_dataloader.dataset,
                    joint.train_dataloader.dataset.datasets[2]):
        assert 'ViTPoseHalfBody' not in steps(dataset)
        step, = [step for step in dataset.pipeline
                 if step.type == 'ViTPoseBBoxTransform']
        assert step.shift_prob == 0
    metric = METRICS.build(alone.test_evaluator)
    assert metric.norm_item == ['head'] and metric.thr == 0.5


def test_documented_dataset_of_ones_own_joins(repo, tmp_path, monkeypatch):
    """The two configs of docs/vitpose_plus.md, as written."""
    text = (repo / 'docs' / 'vitpose_plus.md').read_text()
    own = [block for block in re.findall(r'```python\n(.*?)```', text, re.S)
           if block.startswith('_base_')]
    for name, block in zip(('my_joint.py', 'horses.py'), own):
        (tmp_path / name).write_text(block)
    (tmp_path / 'configs').symlink_to(repo / 'configs')
    monkeypatch.chdir(tmp_path)
    config = Config.fromfile('my_joint.py')

    names = [name for name, _, _ in JOINT] + ['horses']
    assert list(config.model.heads) == names
    assert config.model.backbone.num_experts == 7
    for key in 'val', 'test':
        evaluator = EVALUATORS.build(config[f'{key}_evaluator'])
        assert list(evaluator.metrics_dict) == names
        assert len(config[f'{key}_dataloader'].dataset.datasets) == 7
    horses = DATASETS.build(
        dict(config.train_dataloader.dataset.datasets[6], lazy_init=True))
    assert horses.metainfo['dataset_name'] == 'horses'
    assert horses.metainfo['num_keypoints'] == 17


def test_ochuman_trains_on_coco(repo):
    config = load(repo, 'ViTPose-base_8xb64-210e_ochuman-256x192')
    coco = load(repo, 'ViTPose-base_8xb64-210e_coco-256x192')

    assert config.train_dataloader == coco.train_dataloader
    assert DATASETS.get(config.train_dataloader.dataset.type) is CocoDataset


def test_hands_are_cropped_wider_and_trained_shorter(repo):
    config = load(repo, 'ViTPose-base_8xb64-60e_interhand2d-256x192')

    for key in 'train', 'val', 'test':
        dataset = config[f'{key}_dataloader'].dataset
        assert steps(dataset)['GetBBoxCenterScale']['padding'] == 1.5
        assert {dataset.ann_file[:-9], dataset.camera_file[:-11],
                dataset.joint_file[:-13]} == {dataset.ann_file[:-9]}
        # Every argument is one of the class.
        with pytest.raises(FileNotFoundError):
            DATASETS.build(dataset)
    assert config.param_scheduler[1].milestones == [40, 50]
    assert np.array([METRICS.build(metric).prefix
                     for metric in config.test_evaluator]).tolist() == [
                         'interhand2d'] * 3
