# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Wrong arguments of everything that a config can name, and what is said."""
import re
from types import ModuleType
from typing import Dict, List

import mmpose.registry
import pytest
from mmengine.registry import Registry
from torch.utils.data import RandomSampler

TINY = dict(embed_dim=32, depth=2, num_heads=4)
BACKBONE = dict(type='ViT', arch=TINY, img_size=(64, 48))
HEAD = dict(type='HeatmapHead', in_channels=32, out_channels=3,
            deconv_out_channels=(), deconv_kernel_sizes=(),
            decoder=dict(type='UDPHeatmap', input_size=(48, 64),
                         heatmap_size=(3, 4)))
CODEC = dict(input_size=(48, 64), heatmap_size=(12, 16))
GROUPING = dict(**CODEC, sigma=2, decode_keypoint_order=[0, 1])
QUERIES = dict(in_channels=8, num_keypoints=3,
               decoder=dict(type='QueryPoseLabel', input_size=(64, 64)))
DISTILL = dict(teacher='a.py', teacher_checkpoint='a.pth')
HALF = dict(test_cfg=dict(amp_dtype='bfloat16'))
WRAPPER = dict(optimizer=dict(type='AdamW', lr=1.))
COCO = dict(type='CocoDataset', lazy_init=True)
VIT = [
    (dict(arch='bsae'), "arch='bsae' is not one of .*did you mean 'base'"),
    (dict(arch=dict(TINY, depths=3)), "arch has no 'depths'.*'depth'"),
    (dict(arch=dict(TINY, num_heads=5)), 'embed_dim a multiple of num_heads'),
    (dict(arch=3), 'arch=3: give a name of'),
    (dict(img_size=256), r'img_size=256 must be \(h, w\)'),
    (dict(img_size=(8, 8)), 'of 8x8 pixels .* smaller than one patch'),
    (dict(patch_size=0), 'patch_size=0 must be'),
    (dict(patch_stride=17), 'patch_stride=17'),
    (dict(attention='windows'), "attention='windows' must be None"),
    (dict(attention=dict(window=8)), "attention has no 'window'.*window_size"),
    (dict(attention=dict(window_size=8)), r'window_size=8 must be \(h, w\)'),
    (dict(attention=dict(shift=True)), 'has no windows'),
    (dict(drop_path_rate=1.), 'drop_path_rate=1.0 must lie in'),
    (dict(drop_path_rate=-.1), 'drop_path_rate=-0.1 must lie in'),
    (dict(frozen_stages=99), 'frozen_stages=99'),
    (dict(freeze=('atn', )), "freeze.*'atn'"),
    (dict(freeze='attn'), "freeze='attn' must be a tuple"),
    (dict(num_knowledge_tokens=-1), 'num_knowledge_tokens=-1 must'),
    (dict(train_knowledge_token=True), 'train_knowledge_token=True'),
    (dict(out_indices=(99, )), r'out_indices=\(99,\) must'),
]
# Of each class, arguments and what is said of them.
TABLE = dict(
    ViT=VIT,
    ViTMoE=[
        (dict(num_experts=0), 'num_experts=0 must be at least 1'),
        (dict(num_experts=2, ffn='all'), "ffn='all' is not one of"),
        (dict(num_experts=2, part_features=768), 'part_features=768 must lie'),
        (dict(num_experts=2, ffn='independent', part_features=8),
         'part_features=8 is for'),
    ],
    ViTAE=[(dict(kernel_size=2), 'kernel_size=2 must be odd')],
    HeatmapDataPreprocessor=[
        (dict(codec=dict(type='UDPHeatmap', **CODEC), mean=[0] * 3,
              std=[1] * 3), 'codec.*UDPHeatmap.*BatchUDPHeatmap'),
        (dict(codec=dict(type='BatchUDPHeatmap', **CODEC), mean=[0] * 3,
              std=[1, 0, 1]), r'std=\[1, 0, 1\] must'),
    ],
    AEHead=[
        (dict(in_channels=8, num_keypoints=0), 'num_keypoints=0 must'),
        (dict(in_channels=8, num_keypoints=3, tag_dim=0), 'tag_dim=0 must'),
        (dict(in_channels=8, num_keypoints=3, deconv_out_channels=(8, )),
         'deconv_out_channels'),
    ],
    NamedHeatmapHead=[
        (dict(in_channels=8, names=['left']), "'left' names no part"),
        (dict(in_channels=8, dataset='cooc'), "no registered .*'cooc'"),
    ],
    QueryPoseHead=[
        (dict(QUERIES, num_queries=0), 'num_queries=0 must'),
        (dict(QUERIES, loss_weights=dict(score=1.)), 'must give a weight to'),
    ],
    ResizedPyramid=[
        (dict(in_channels=8, scales=(2, 0)), 'scales=0 must be positive')],
    HeatmapKLLoss=[(dict(temperature=0), 'temperature=0 must be positive')],
    FastTopdownPoseEstimator=[
        (dict(backbone=BACKBONE, head=HEAD, **HALF),
         'UDPHeatmap cannot decode: write'),
        (dict(backbone=BACKBONE, head=HEAD,
              test_cfg=dict(amp_dtype='half')), "amp_dtype='half'"),
    ],
    KnowledgeTokenLearner=[
        (dict(backbone=BACKBONE, head=HEAD), 'without knowledge token: set')],
    MultiDatasetTopdownPoseEstimator=[
        (dict(backbone=BACKBONE, heads={}), 'heads={} must have one'),
        (dict(backbone=dict(BACKBONE, type='ViTMoE', num_experts=2),
              heads=dict(coco=HEAD)), 'has 2 experts, but there are 1 heads'),
        (dict(backbone=BACKBONE, heads=dict(coco=HEAD),
              aliases=dict(ochuman='cooc')), "no head serves .*'cooc'"),
        (dict(backbone=BACKBONE, heads=dict(coco=HEAD),
              loss_weights=dict(aic=1.)), 'must give a weight to each of'),
        (dict(backbone=BACKBONE, heads=dict(coco=HEAD),
              test_cfg=dict(dataset='aic')), "no head serves .*'aic'"),
        (dict(backbone=BACKBONE, heads=dict(coco=HEAD), **HALF),
         'UDPHeatmap cannot decode: write'),
    ],
    MultiDatasetBottomupPoseEstimator=[
        (dict(backbone=dict(BACKBONE, type='ViTMoE', num_experts=2),
              head=dict(QUERIES, type='QueryPoseHead',
                        num_keypoints=dict(coco=17))),
         'has 2 experts, but the head has 1 skeletons'),
    ],
    QueryPoseLabel=[(dict(input_size=64), r'input_size=64 must be \(w, h\)')],
    BatchUDPHeatmap=[
        (dict(CODEC, blur_kernel_size=4), 'blur_kernel_size=4 must be odd'),
        (dict(CODEC, numerics='mmpsoe'), "numerics='mmpsoe' is not one of"),
        (dict(CODEC, sigma=0), 'sigma=0 must be positive'),
        (dict(CODEC, input_size=48), r'input_size=48 must be \(w, h\)'),
        (dict(CODEC, heatmap_size=(1, 16)), r'heatmap_size=\(1, 16\) must'),
    ],
    UDPAssociativeEmbedding=[
        (dict(GROUPING, sigma=-1), 'sigma=-1 must be positive'),
        (dict(GROUPING, decode_nms_kernel=4), 'decode_nms_kernel=4 must'),
        (dict(GROUPING, decode_gaussian_kernel=2), 'gaussian_kernel=2 must'),
        (dict(GROUPING, decode_topk=0), 'decode_topk=0 must'),
        (dict(GROUPING, decode_keypoint_order=[0, 0]),
         r'decode_keypoint_order=\[0, 0\] must'),
        (dict(GROUPING, heatmap_size=16), r'heatmap_size=16 must be \(w, h'),
    ],
    CheckedDataset=[
        (dict(dataset=COCO, on_error='ignore'), "on_error='ignore' is not"),
        (dict(dataset=COCO, retries=-1), 'retries=-1 must not be negative'),
    ],
    InterHand2DDataset=[
        (dict(ann_file='a', camera_file='b', joint_file='c',
              data_mode='bottomup'), "data_mode='bottomup'.*'topdown'")],
    JointDataset=[
        (dict(datasets=[], pipeline=[]), r'datasets=\[\] must have'),
    ],
    MultiDatasetSampler=[
        (dict(dataset=COCO), 'of a JointDataset or ConcatDataset, not of'),
    ],
    RepeatableBatchSampler=[
        (dict(sampler=RandomSampler([0]), batch_size=0), 'batch_size')],
    ChooseLeaf=[(dict(), 'take the config of one')],
    ViTPoseBBoxTransform=[
        (dict(scale_factor=(1.5, .5)), r'scale_factor=\(1.5, 0.5\) must'),
        (dict(scale_factor=.5), 'scale_factor=0.5 must'),
        (dict(shift_prob=2.), 'shift_prob=2.0 must lie in'),
        (dict(rotate_factor=-1.), 'rotate_factor=-1.0 must'),
    ],
    ViTPoseHalfBody=[
        (dict(prob=2.), 'prob=2.0 must lie in'),
        (dict(padding=0.), 'padding=0.0 must be positive'),
    ],
    NaNHook=[(dict(on_nan='ignore'), "on_nan='ignore' is not one of")],
    OutputDistillHook=[
        (dict(DISTILL, teacher_dtype='half'), "teacher_dtype='half' is not"),
        (dict(DISTILL, loss_weight=-1.), 'loss_weight=-1.0'),
        (dict(DISTILL, loss_weight=dict(start=1)), 'loss_weight'),
    ],
    TokenLearnHook=[
        (dict(DISTILL, out='token.txt'), "out='token.txt' must be a name")],
    ViTLayerDecayOptimWrapperConstructor=[
        (dict(optim_wrapper_cfg=WRAPPER,
              paramwise_cfg=dict(layer_decay=.5)), 'layer_decay_rate'),
        (dict(optim_wrapper_cfg=WRAPPER,
              paramwise_cfg=dict(layer_decay_rate=2.)),
         'the rate must be above 0 and at most 1'),
    ],
    JointEvaluator=[
        (dict(metrics=[], datasets=[COCO]), '0 entries of metrics for 1'),
        (dict(metrics=[[], []], datasets=[COCO, COCO]), "are named 'coco'"),
    ],
)
# They take nothing, or what the class takes that they are made of.
OTHERS = {
    'APT36KDataset', 'AELoss', 'BottomupGetCrowdMask', 'BottomupRandomFlip',
    'CheckedTestLoop', 'CheckedTrainLoop', 'CheckedValLoop', 'CompileHook',
    'DataCheckHook', 'HalfWeightsHook', 'JointVisualizer', 'LoadCheckedImage',
    'LoadImageOnce', 'ModelDataCheckHook', 'MultiscaleBottomupPoseEstimator',
    'PoseVisualizer', 'ResumeHook', 'WholeCheckpointHook',
    # What it names is looked for before the first batch.
    'TokenDistillHook',
}
PRETRAINING = dict(
    PersonCropDataset=[
        (dict(ann_file='a', data_root='b', data_prefix={}, pipeline=[],
              scale=0), 'scale=0 and min_size=1.0 must be positive')],
    CropPerson=[],
    RectangularMAEDecoder=[
        (dict(img_size=(250, 192)), r'img_size=\(250, 192\) must be')],
    RectangularMAEHead=[
        (dict(loss=dict(type='PixelReconstructionLoss', criterion='L2'),
              img_size=(250, 192)), r'img_size=\(250, 192\) must be')],
    RectangularMAEViT=[
        (dict(img_size=(250, 192)), r'img_size=\(250, 192\) must be'),
        (dict(arch='bsae'), "did you mean 'base'"),
        (dict(mask_ratio=1.), r'mask_ratio=1.0 must lie in \(0, 1\)')],
    RectangularMAEViTAE=[
        (dict(mask_ratio=1.), r'mask_ratio=1.0 must lie in \(0, 1\)')],
)


def registered(registries: ModuleType) -> Dict[str, List[Registry]]:
    """Where each class of this package is."""
    found = {}
    for registry in vars(registries).values():
        if isinstance(registry, Registry):
            for name, cls in registry.module_dict.items():
                if cls.__module__.startswith('vitpose_mm.'):
                    found.setdefault(name, []).append(registry)
    return found


def refusal(registry: Registry, name: str, arguments: dict) -> str:
    with pytest.raises((TypeError, ValueError)) as error:
        registry.build(dict(arguments, type=name))
    return str(error.value)


def test_each_class_that_a_config_can_name_is_in_the_table():
    assert set(registered(mmpose.registry)) == set(TABLE) | OTHERS
    assert not set(TABLE) & OTHERS


@pytest.mark.parametrize('name', TABLE)
def test_a_wrong_argument_is_named(name):
    registry = registered(mmpose.registry)[name][0]
    for arguments, message in TABLE[name]:
        said = refusal(registry, name, arguments)
        assert re.search(message, said, re.S), (arguments, said)


def test_an_unknown_argument_is_refused_by_each_class():
    for name, registries in registered(mmpose.registry).items():
        # Visualisers are made by name.
        named = dict(name='x') if 'Visualizer' in name else {}
        said = refusal(registries[0], name, dict(named, nonsense=1))
        assert "has no argument 'nonsense'" in said, name


@pytest.mark.parametrize('name, key, meant', [
    ('ViT', 'drop_path_ratee', 'drop_path_rate'),
    ('ViTMoE', 'num_expert', 'num_experts'),
    ('OutputDistillHook', 'teacher_checkpont', 'teacher_checkpoint'),
    ('NaNHook', 'on_nans', 'on_nan'),
    ('WholeCheckpointHook', 'max_keep_ckpt', 'max_keep_ckpts'),
    ('UDPAssociativeEmbedding', 'decode_top_k', 'decode_topk'),
    ('APT36KDataset', 'annfile', 'ann_file'),
])
def test_the_argument_that_was_meant_is_named(name, key, meant):
    said = refusal(registered(mmpose.registry)[name][0], name, {key: 1})
    assert f"{name} has no argument '{key}', did you mean '{meant}'?" in said


def test_pretraining_refuses_wrong_and_unknown_arguments(pretraining):
    import mmpretrain.registry
    found = registered(mmpretrain.registry)
    assert set(found) == set(PRETRAINING)
    for name, (registry, ) in found.items():
        cases = [(dict(nonsense=1), f"{name} has no argument 'nonsense'")]
        for arguments, message in cases + PRETRAINING[name]:
            said = refusal(registry, name, arguments)
            assert re.search(message, said, re.S), (arguments, said)


def test_a_class_of_somebody_else_made_of_ours_may_take_more():
    from vitpose_mm.models import ViT

    class Mine(ViT):

        def __init__(self, mine: int, **options) -> None:
            super().__init__(**options)
            self.mine = mine

    assert Mine(mine=3, arch=TINY).mine == 3
    with pytest.raises(TypeError, match='unexpected keyword'):
        Mine(mine=3, arhc=TINY)
