# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import importlib
import sys
from types import ModuleType
from typing import Callable

import pytest


@pytest.fixture
def load(repo, monkeypatch) -> Callable[[str], ModuleType]:
    """Import a file of the project by its name, for one test."""
    folder = repo / 'projects' / 'mini_paper'
    monkeypatch.syspath_prepend(str(folder))
    names = [path.stem for path in folder.glob('*.py')]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)
