# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from types import ModuleType

import pytest
from mmengine.registry import init_default_scope


@pytest.fixture
def pretraining(mmpretrain) -> ModuleType:
    """vitpose_mm.pretraining, with MMPretrain's registries in charge."""
    import vitpose_mm.pretraining
    init_default_scope('mmpretrain')
    return vitpose_mm.pretraining
