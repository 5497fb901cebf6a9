# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Teachers and tokens that configs name exist and fit their students."""
from pathlib import Path

import pytest
from mmengine.config import Config
from mmpose.registry import HOOKS

REPO = Path(__file__).resolve().parents[4]
KINDS = ('OutputDistillHook', 'TokenDistillHook', 'TokenLearnHook')
DISTILL = 'configs/body_2d_keypoint/topdown_heatmap/coco/distill'


def hooks_of(path: Path) -> dict:
    return {
        hook.type: hook
        for hook in Config.fromfile(path).custom_hooks if hook.type in KINDS
    }


@pytest.mark.parametrize('path', [
    *sorted((REPO / DISTILL).glob('*.py')),
    *sorted((REPO / 'configs' / 'quickstart').glob('*distill*.py'))
], ids=lambda path: path.stem)  # yapf: disable
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
