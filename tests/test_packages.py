# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import importlib
from pathlib import Path

import pytest
from mmpose.registry import MODELS

import vitpose_mm

ROOT = Path(vitpose_mm.__file__).parent
PACKAGES = sorted('.'.join(('vitpose_mm', *path.parent.relative_to(
    ROOT).parts)) for path in ROOT.rglob('__init__.py'))


@pytest.mark.parametrize('name', PACKAGES)
def test_a_package_has_what_it_names(name, request):
    if name == 'vitpose_mm.pretraining':
        request.getfixturevalue('mmpretrain')
    package = importlib.import_module(name)
    missing = [part for part in getattr(package, '__all__', ())
               if not hasattr(package, part)]
    assert not missing


def test_models_name_every_model_that_a_config_can():
    package = importlib.import_module('vitpose_mm.models')
    registered = {
        name for name, cls in MODELS.module_dict.items()
        if cls.__module__.startswith('vitpose_mm.models.')
    }
    assert registered == set(package.__all__)
