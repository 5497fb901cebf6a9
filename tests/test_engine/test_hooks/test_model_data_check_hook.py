# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from types import SimpleNamespace

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset
from mmpose.datasets.transforms import BottomupResize, GenerateTarget
from mmpose.registry import HOOKS, MODELS

from vitpose_mm.engine.hooks.model_data_check_hook import (check_agreement,
                                                           check_sizes)

STAGES = ['train', 'val', 'test']


def run(stage, img_size=(256, 192), codec_size=(192, 256), crop=(192, 256),
        out_channels=17, keypoints=17):
    """Call the hook as a runner does, with the parts that it looks at."""
    decoder = SimpleNamespace(input_size=codec_size)
    dataset = SimpleNamespace(
        pipeline=SimpleNamespace(
            transforms=[object(), SimpleNamespace(input_size=crop)]),
        metainfo=dict(dataset_name='coco', num_keypoints=keypoints))
    runner = SimpleNamespace(
        model=SimpleNamespace(
            backbone=SimpleNamespace(img_size=img_size),
            head=SimpleNamespace(decoder=decoder, out_channels=out_channels)),
        optim_wrapper=SimpleNamespace(optimizer=SimpleNamespace(state={})))
    setattr(runner, f'{stage}_dataloader', SimpleNamespace(dataset=dataset))
    hook = HOOKS.build(dict(type='ModelDataCheckHook'))
    getattr(hook, f'before_{stage}')(runner)


@pytest.mark.parametrize('stage', STAGES)
def test_agreement_passes(stage):
    run(stage)


@pytest.mark.parametrize('stage', STAGES)
@pytest.mark.parametrize('wrong, message', [
    (dict(img_size=(192, 256)), r'img_size=\(192, 256\).*input_size=\(192'),
    (dict(crop=(288, 384)), r'crops of \(288, 384\).*expects \(192, 256\)'),
    (dict(keypoints=14), 'out_channels=17, but coco has 14 keypoints'),
])
def test_disagreement_names_both_values(stage, wrong, message):
    with pytest.raises(ValueError, match=message):
        run(stage, **wrong)


@pytest.mark.parametrize('crop, heatmap, neck, fits', [
    ((192, 256), (48, 64), False, True),
    ((192, 256), (12, 16), False, True),
    ((200, 256), (50, 64), False, False),  # 12 patches across
    ((200, 200), (50, 50), False, False),
    ((192, 256), (48, 32), False, False),
    ((192, 256), (18, 24), False, False),
    ((192, 256), (18, 24), True, True),  # scaled by 1.5
    ((200, 256), (50, 64), True, False),
])
def test_heatmaps_that_no_head_makes_are_refused(crop, heatmap, neck, fits):
    model = SimpleNamespace(
        with_neck=neck,
        backbone=MODELS.build(
            dict(type='ViT', img_size=crop[::-1],
                 arch=dict(embed_dim=8, depth=1, num_heads=1))),
        head=SimpleNamespace(
            decoder=SimpleNamespace(input_size=crop, heatmap_size=heatmap)))
    if fits:
        check_agreement(model, SimpleNamespace())
    else:
        with pytest.raises(ValueError, match='one each 16 pixels'):
            check_agreement(model, SimpleNamespace())


def test_head_with_tags_beside_keypoints_passes():
    head = SimpleNamespace(
        decoder=SimpleNamespace(input_size=(64, 64)),
        num_keypoints=17,
        out_channels=34)
    model = SimpleNamespace(
        backbone=SimpleNamespace(img_size=(64, 64)), head=head)
    dataset = SimpleNamespace(metainfo=dict(num_keypoints=17))
    check_agreement(model, dataset)
    head.num_keypoints = 14
    with pytest.raises(ValueError, match='17 keypoints'):
        check_agreement(model, dataset)


def test_backbones_without_a_size_are_left_alone():
    run('train', img_size=None)


@pytest.mark.parametrize('stage, wrong, chosen, message', [
    ('train', dict(aic=14), None, "serves the dataset 'aic'"),
    ('val', dict(coco=16), None,
     'heads.coco.out_channels=17, but coco has 16'),
    ('test', dict(coco=17, mpii=16), None, None),
    ('test', dict(horses=17), 'coco', None),
    ('test', dict(horses=16), 'coco', 'heads.coco.out_channels=17, but'),
    ('train', dict(horses=17), 'coco', "serves the dataset 'horses'"),
])
def test_each_of_several_datasets_is_compared_with_its_head(
        stage, wrong, chosen, message):
    codec = dict(
        type='UDPHeatmap',
        input_size=(48, 64),
        heatmap_size=(12, 16),
        sigma=2)
    model = MODELS.build(
        dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=dict(
                type='ViT',
                arch=dict(embed_dim=32, depth=1, num_heads=4),
                img_size=(64, 48)),
            heads={
                name: dict(
                    type='HeatmapHead',
                    in_channels=32,
                    out_channels=num,
                    decoder=codec)
                for name, num in dict(coco=17, mpii=16).items()
            },
            test_cfg=dict(dataset=chosen)))
    dataset = ConcatDataset([
        Samples(dict(dataset_name=name, num_keypoints=num))
        for name, num in wrong.items()
    ], ignore_keys=['dataset_name', 'num_keypoints'])
    runner = SimpleNamespace(model=model)
    setattr(runner, f'{stage}_dataloader', SimpleNamespace(dataset=dataset))
    call = getattr(
        HOOKS.build(dict(type='ModelDataCheckHook')), f'before_{stage}')
    if message is None:
        return call(runner)
    with pytest.raises(ValueError, match=message):
        call(runner)


def named(**test_cfg) -> torch.nn.Module:
    return MODELS.build(dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(
            type='ViT', arch=dict(embed_dim=32, depth=1, num_heads=4),
            img_size=(64, 48)),
        head=dict(type='NamedHeatmapHead', in_channels=32),
        heads=dict(coco={}),
        aliases=dict(ours='coco'),
        test_cfg=test_cfg))


def test_names_of_a_dataset_are_those_that_filters_are_made_of():
    names = [str(name) for name in named().heads['coco'].names]
    info = dict(dataset_name='ours', num_keypoints=17)
    check_agreement(named(), Samples(dict(
        info, keypoint_id2name=dict(enumerate(names)))))
    names[5:7] = names[6], names[5]
    with pytest.raises(ValueError, match="keypoint 5 of model.heads.coco is "
                       "the 'left shoulder', but ours calls it 'right sh"):
        check_agreement(named(), Samples(dict(
            info, keypoint_id2name=dict(enumerate(names)))))


def test_asked_names_are_not_tested():
    with pytest.raises(ValueError, match="names=.'tail'. are not the keyp"):
        check_agreement(named(names=['tail']), Samples(
            dict(dataset_name='coco', num_keypoints=17)))


class Samples(BaseDataset):
    """A dataset that has metainfo and nothing else."""

    def __init__(self, metainfo: dict) -> None:
        super().__init__(metainfo=metainfo, lazy_init=True)
        self._fully_initialized = True

    def __len__(self) -> int:
        return 1


# MMPose's own configs, as installed beside it; a head each.
STOCK = dict(
    AssociativeEmbeddingHead='associative_embedding/coco/'
    'ae_hrnet-w32_8xb24-300e_coco-512x512',
    CIDHead='cid/coco/cid_hrnet-w48_8xb20-140e_coco-512x512',
    CPMHead='topdown_heatmap/coco/td-hm_cpm_8xb64-210e_coco-256x192',
    DEKRHead='dekr/coco/dekr_hrnet-w48_8xb10-140e_coco-640x640',
    DSNTHead='integral_regression/coco/ipr_res50_8xb64-210e_coco-256x256',
    HeatmapHead='topdown_heatmap/coco/td-hm_res50_8xb64-210e_coco-256x192',
    MSPNHead='topdown_heatmap/coco/td-hm_rsn50_8xb32-210e_coco-256x192',
    RLEHead='topdown_regression/coco/'
    'td-reg_res152_rle-8xb64-210e_coco-256x192',
    RTMCCHead='rtmpose/coco/rtmpose-s_8xb256-420e_coco-256x192',
    RTMOHead='rtmo/coco/rtmo-l_16xb16-600e_coco-640x640',
    RegressionHead='topdown_regression/coco/'
    'td-reg_res152_8xb64-210e_coco-256x192',
    SimCCHead='simcc/coco/simcc_mobilenetv2_wo-deconv-8xb64-210e_coco-256x192',
    ViPNASHead='topdown_heatmap/coco/'
    'td-hm_vipnas-mbv3_8xb64-210e_coco-256x192',
    VisPredictHead='topdown_heatmap/coco/'
    'td-hm-vis_res50_8xb64-210e_coco-aic-256x192-merge',
    YOLOXPoseHead='yoloxpose/coco/yoloxpose_s_8xb32-300e_coco-640')


# Not used by a config that can be loaded.
ALSO = dict(
    EDPoseHead=dict(
        num_keypoints=17,
        encoder=dict(
            num_layers=1,
            layer_cfg=dict(
                self_attn_cfg=dict(embed_dims=256, batch_first=True),
                ffn_cfg=dict(embed_dims=256, feedforward_channels=32))),
        decoder=dict(
            num_layers=3,
            embed_dims=256,
            layer_cfg=dict(
                self_attn_cfg=dict(
                    embed_dims=256, num_heads=8, batch_first=True),
                cross_attn_cfg=dict(embed_dims=256, batch_first=True),
                ffn_cfg=dict(embed_dims=256, feedforward_channels=32)),
            query_dim=4,
            num_feature_levels=4,
            num_group=100,
            num_dn=100,
            return_intermediate=True),
        out_head=dict(num_classes=2),
        positional_encoding=dict(num_pos_feats=128),
        denosing_cfg=dict(dn_labelbook_size=100),
        data_decoder=dict(type='EDPoseLabel', num_select=50,
                          num_keypoints=17)),
    IntegralRegressionHead=dict(
        in_channels=32,
        in_featuremap_size=(8, 8),
        num_joints=17,
        decoder=dict(
            type='IntegralRegressionLabel',
            input_size=(256, 256),
            heatmap_size=(64, 64),
            sigma=2.)),
    RTMWHead=dict(
        in_channels=64,
        out_channels=17,
        input_size=(192, 256),
        in_featuremap_size=(6, 8),
        decoder=dict(
            type='SimCCLabel', input_size=(192, 256), sigma=(4.9, 5.66))))


@pytest.mark.parametrize('kind', [*STOCK, *ALSO])
def test_stock_heads_are_compared_by_their_keypoints(kind):
    configs = Path(mmpose.__file__).parent / '.mim/configs/body_2d_keypoint'
    if kind in STOCK:
        config = Config.fromfile(configs / f'{STOCK[kind]}.py').model.head
        assert config.type == kind
    else:
        config = dict(ALSO[kind], type=kind)
    head = MODELS.build(config)
    model = SimpleNamespace(backbone=SimpleNamespace(), head=head)
    check_agreement(model, SimpleNamespace(metainfo=dict(num_keypoints=17)))
    with pytest.raises(ValueError, match='=17, but horses has 16 keypoints'):
        check_agreement(
            model,
            SimpleNamespace(
                metainfo=dict(dataset_name='horses', num_keypoints=16)))


def query_pose(num_keypoints=17, **test_cfg):
    head = dict(
        type='QueryPoseHead',
        in_channels=16,
        num_keypoints=num_keypoints,
        strides=(16, ),
        num_heads=2,
        decoder=dict(type='QueryPoseLabel', input_size=(64, 64)))
    kind = 'MultiDataset' if isinstance(num_keypoints, dict) else ''
    return MODELS.build(
        dict(
            type=f'{kind}BottomupPoseEstimator',
            backbone=dict(
                type='ViT',
                arch=dict(embed_dim=16, depth=1, num_heads=2),
                img_size=(64, 64)),
            head=head,
            test_cfg=test_cfg))


def encoded_by(name, dataset_name='coco', keypoints=17):
    codecs = dict(
        QueryPoseLabel=dict(input_size=(64, 64)),
        UDPHeatmap=dict(
            input_size=(64, 64), heatmap_size=(16, 16), sigma=2))
    step = GenerateTarget(encoder=dict(type=name, **codecs[name]))
    return SimpleNamespace(
        pipeline=SimpleNamespace(transforms=[step]),
        metainfo=dict(dataset_name=dataset_name, num_keypoints=keypoints))


def test_query_decoder_needs_its_own_labels_and_no_flip_test():
    check_agreement(query_pose(), encoded_by('QueryPoseLabel'), True)
    with pytest.raises(ValueError, match='UDPHeatmap.*QueryPoseHead'):
        check_agreement(query_pose(), encoded_by('UDPHeatmap'), True)
    with pytest.raises(ValueError, match='flip_test'):
        check_agreement(query_pose(flip_test=True),
                        encoded_by('QueryPoseLabel'))


def test_each_skeleton_of_a_query_decoder_is_compared():
    model = query_pose(dict(coco=17, aic=14))
    check_agreement(model, encoded_by('QueryPoseLabel', 'aic', 14), True)
    with pytest.raises(ValueError, match='aic=14.*has 16 keypoints'):
        check_agreement(model, encoded_by('QueryPoseLabel', 'aic', 16), True)
    with pytest.raises(ValueError, match="'mpii'"):
        check_agreement(model, encoded_by('QueryPoseLabel', 'mpii', 16), True)


@pytest.mark.parametrize('mode, refused', [('fit', True), ('expand', False)])
def test_sizes_that_bottomup_resize_refuses_are_named_before(mode, refused):
    resize = BottomupResize(input_size=(72, 64), resize_mode=mode)
    dataset = SimpleNamespace(
        pipeline=SimpleNamespace(transforms=[resize]),
        metainfo=dict(dataset_name='coco', num_keypoints=17))
    model = SimpleNamespace(backbone=SimpleNamespace())
    if refused:
        with pytest.raises(ValueError, match=r'\(72, 64\).* multiples of 32'):
            check_sizes('head', (72, 64), model, dataset)
    else:
        check_sizes('head', (72, 64), model, dataset)
