# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
from mmpose.registry import HOOKS

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
            head=SimpleNamespace(decoder=decoder, out_channels=out_channels)))
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


def test_backbones_without_a_size_are_left_alone():
    run('train', img_size=None)
