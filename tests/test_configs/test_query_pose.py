# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Configs of the query decoder restate facts of others; here they are
compared."""
import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpose.registry import MODELS

QUERY = 'body_2d_keypoint/query_pose'


@pytest.fixture
def load(repo):
    return lambda path: Config.fromfile(repo / 'configs' / path)


@pytest.mark.parametrize('size, depth', [('small', 12), ('base', 12),
                                         ('large', 24)])
def test_backbone_is_that_of_the_topdown_model(load, size, depth):
    ours = load(f'_base_/models/vitpose_query_{size}.py').model
    topdown = load(f'_base_/models/vitpose_{size}.py').model
    blocks = ours.backbone.attention.full_attention_blocks
    # As in ViTDet: four blocks, the last of each quarter.
    assert list(blocks) == [depth // 4 * quarter - 1 for quarter in (1, 2, 3,
                                                                     4)]
    for key in ('type', 'arch', 'drop_path_rate', 'init_cfg'):
        assert ours.backbone[key] == topdown.backbone[key]
    assert ours.neck.in_channels == topdown.head.in_channels


@pytest.mark.parametrize('path', [
    f'{QUERY}/coco/query_ViTPose-base_8xb4-72e_coco-640x640.py',
    f'{QUERY}/crowdpose/query_ViTPose-base_8xb4-72e_crowdpose-640x640.py',
    'quickstart/query_ViTPose-tiny_1xb4-200e_coco-overfit-384x384.py',
    'quickstart/query_ViTPose-tiny_1xb4-5e_crowd-192x192.py',
])
def test_one_codec_and_one_size_everywhere(load, path):
    config = load(path)
    decoder = config.model.head.decoder
    train, val = ({
        step.type: step
        for step in config[f'{stage}_dataloader'].dataset.pipeline
    } for stage in ('train', 'val'))
    assert train['GenerateTarget'].encoder == decoder
    assert train['BottomupRandomAffine'].input_size == \
        val['BottomupResize'].input_size == decoder.input_size
    assert train['BottomupRandomAffine'].scale_type == 'long'
    assert 'resize_mode' not in val['BottomupResize']
    assert config.val_dataloader == config.test_dataloader
    assert config.val_evaluator.score_mode == 'bbox'
    assert config.val_evaluator.nms_mode == 'none'


@pytest.mark.parametrize('size', ['base', 'tiny'])
def test_strides_are_those_of_the_resized_maps(load, size):
    model = load(f'_base_/models/vitpose_query_{size}.py').model
    patch = model.backbone.get('patch_size', 16)
    scales = model.neck.get('scales', (2, 1, 0.5))
    assert [patch / scale for scale in scales] == list(
        model.head.get('strides', (8, 16, 32)))
    assert model.neck.out_channels == model.head.in_channels


def test_the_finest_map_continues_the_start_of_the_crowds(load):
    config = load('quickstart/query_ViTPose-tiny_1xb4-5e_crowd-192x192.py')
    start = load('quickstart/td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py')
    finest = MODELS.build(config.model.neck.finest)
    trained = MODELS.build(start.model.head)
    assert finest.init_cfg == dict(type='Pretrained', prefix='head.',
                                   checkpoint=config.load_from)
    theirs = trained.deconv_layers.state_dict()
    assert {key: value.shape for key, value in
            finest.deconv_layers.state_dict().items()} == \
        {key: value.shape for key, value in theirs.items()}
    patch = config.model.backbone.patch_size
    assert list(config.model.head.strides) == [
        patch / 2, *(patch / scale for scale in config.model.neck.scales)]


@pytest.mark.parametrize('size, share', [('small', 0.1), ('large', 0.05)])
def test_the_pretrained_backbone_learns_more_slowly(load, size, share):
    config = load(
        f'{QUERY}/coco/query_ViTPose-{size}_8xb4-72e_coco-640x640.py')
    # Where parameters are does not matter, how many there are costs time.
    config.model.backbone.update(
        arch=dict(embed_dim=32, depth=2, num_heads=2), attention=None,
        init_cfg=None)
    config.model.neck.in_channels = 32
    model = MODELS.build(dict(config.model, head=dict(
        config.model.head, num_keypoints=17, decoder=config.codec)))
    groups = build_optim_wrapper(
        model, config.optim_wrapper).optimizer.param_groups
    rates = {id(param): (group['lr'], group['weight_decay'])
             for group in groups for param in group['params']}
    for name, param in model.named_parameters():
        rate, decay = rates[id(param)]
        assert rate == pytest.approx(
            2e-4 * (share if name.startswith('backbone') else 1))
        if param.ndim == 1 or 'pos_embed' in name:
            assert decay == 0
    assert rates[id(model.head.cell[0].weight)][1] == 1e-4
