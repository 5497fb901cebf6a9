# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Bottom-up configs restate facts of others; here they are compared."""
import pytest
from mmengine.config import Config
from mmpose.registry import DATASETS

AE = 'body_2d_keypoint/associative_embedding'


@pytest.fixture
def load(repo):
    return lambda path: Config.fromfile(repo / 'configs' / path)


@pytest.mark.parametrize('size', ['small', 'base', 'large', 'huge'])
def test_backbone_and_recipe_are_those_of_the_topdown_model(load, size):
    ours = load(f'_base_/models/vitpose_ae_{size}.py')
    topdown = load(f'_base_/models/vitpose_{size}.py')
    assert ours.model.head.in_channels == topdown.model.head.in_channels
    assert ours.optim_wrapper == topdown.optim_wrapper
    ours.model.backbone.img_size = topdown.model.backbone.img_size
    assert ours.model.backbone == topdown.model.backbone


@pytest.mark.parametrize('path', [
    f'{AE}/coco/ae_ViTPose-base_8xb24-300e_coco-512x512.py',
    f'{AE}/coco/ae_ViTPose-base_8xb24-300e_coco-640x640.py',
    f'{AE}/crowdpose/ae_ViTPose-base_8xb24-300e_crowdpose-512x512.py',
    'quickstart/ae_ViTPose-tiny_1xb4-300e_coco-overfit-384x384.py',
    'quickstart/ae_ViTPose-tiny_1xb4-5e_crowd-192x192.py',
])
def test_one_codec_and_one_size_everywhere(load, path):
    config = load(path)
    decoder = config.model.head.decoder
    steps = {
        stage: {
            step.type: step
            for step in config[f'{stage}_dataloader'].dataset.pipeline
        }
        for stage in ('train', 'val', 'test')
    }
    assert steps['train']['GenerateTarget'].encoder == decoder
    assert steps['train']['BottomupRandomAffine'].input_size == \
        steps['val']['BottomupResize'].input_size == decoder.input_size
    assert steps['val'] == steps['test']
    assert decoder.heatmap_size == tuple(side // 4
                                         for side in decoder.input_size)


@pytest.mark.parametrize('name', ['coco', 'crowdpose'])
def test_keypoints_are_grouped_from_the_head_outwards(load, name):
    config = load(f'_base_/datasets/{name}_bottomup_512x512.py')
    dataset = DATASETS.build(
        dict(
            type=config.dataset_type,
            data_mode='bottomup',
            pipeline=[],
            lazy_init=True))
    order = config.codec.decode_keypoint_order
    names = [dataset.metainfo['keypoint_id2name'][i] for i in order]
    assert sorted(order) == list(range(dataset.metainfo['num_keypoints']))
    first = ['nose', 'left_eye'] if name == 'coco' else ['top_head', 'neck']
    assert names[:2] == first
    for side in ('left', 'right'):
        for inner, outer in (('shoulder', 'elbow'), ('elbow', 'wrist'),
                             ('hip', 'knee'), ('knee', 'ankle')):
            assert names.index(f'{side}_{inner}') < names.index(
                f'{side}_{outer}')
