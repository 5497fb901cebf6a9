# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import sys
from pathlib import Path

import pytest

from .conftest import load

STEP = 23


@pytest.fixture
def source(lite: Path, compiled, monkeypatch):
    """The extension of mmcv-lite-ops, from the files of this repository."""
    monkeypatch.syspath_prepend(lite / 'mmcv_ops' / 'src')
    return load(lite / 'mmcv_ops' / 'src' / 'mmcv' / '_ext.py')


def test_operators_return_what_the_compiled_ones_return(
        source, compiled, lite, monkeypatch):
    """Every 23rd case of the comparison that is kept in compare/results."""
    monkeypatch.syspath_prepend(lite / 'compare')
    compare = load(lite / 'compare' / 'ops.py')
    some = compare.cases()[::STEP]
    expected = [compare.result(case) for case in some]

    for name, module in list(sys.modules.items()):
        if name.startswith('mmcv.ops.') and hasattr(module, 'ext_module'):
            monkeypatch.setattr(module, 'ext_module', source)
    assert sys.modules['mmcv.ops.nms'].ext_module is source

    for case, theirs in zip(some, expected):
        ours = compare.run(case.call, case.inputs)
        assert compare.difference(
            ours, theirs['tensors']) <= case.tolerance, case.key
