# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Teachers and tokens that configs name exist and fit their students."""
from pathlib import Path

import pytest
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, HOOKS

REPO = Path(__file__).resolve().parents[2]
KINDS = ('OutputDistillHook', 'TokenDistillHook', 'TokenLearnHook')
DISTILL = 'configs/body_2d_keypoint/topdown_heatmap/coco/distill'


def hooks_of(path: Path) -> dict:
    return {
        hook.type: hook
        for hook in Config.fromfile(path).custom_hooks if hook.type in KINDS
    }


def names_of(config: Config) -> dict:
    """Names of the keypoints of a config's dataset."""
    dataset = DATASETS.get(config.train_dataloader.dataset.type)
    return parse_pose_metainfo(dataset.METAINFO)['keypoint_id2name']


@pytest.mark.parametrize('path', [
    path for path in sorted((REPO / 'configs').rglob('*.py'))
    if any(kind in path.read_text() for kind in KINDS)
], ids=lambda path: path.stem)
def test_hooks_name_teachers_and_tokens_that_fit(path):
    config, hooks = Config.fromfile(path), hooks_of(path)
    assert hooks
    for hook in hooks.values():
        HOOKS.build(hook)
        if 'teacher' in hook:
            teacher = Config.fromfile(hook.teacher)
            assert Path(hook.teacher).stem in hook.teacher_checkpoint or \
                'quickstart' in path.parts
            assert teacher.codec == config.codec
            names, own = names_of(teacher), names_of(config)
            pairs = hook.get('keypoint_map') or enumerate(range(len(own)))
            for index, own_index in pairs:
                assert names[index] == own[own_index]
    if 'TokenDistillHook' in hooks:
        # The file is in the folder of a stage-one run of another width.
        run = Path(hooks['TokenDistillHook'].token).parent.name
        learner = Config.fromfile(REPO / DISTILL / f'{run}.py')
        assert learner.model.backbone.arch != config.model.backbone.arch
        assert config.model.backbone.train_knowledge_token
    if 'TokenLearnHook' in hooks:
        teacher = Config.fromfile(hooks['TokenLearnHook'].teacher).model
        assert teacher.backbone.arch == config.model.backbone.arch
        assert teacher.head == config.model.head
