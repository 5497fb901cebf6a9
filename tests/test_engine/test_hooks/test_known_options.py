# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from pathlib import Path

import mmpose
import pytest

import vitpose_mm
from vitpose_mm.engine.hooks.known_options import (TEST_CFG, TRAIN_CFG,
                                                   check_options)


@pytest.mark.parametrize('changes, message', [
    (dict(test_cfg=dict(flip_tset=True)),
     r"model.test_cfg has the key 'flip_tset', .* did you mean 'flip_test'\?"),
    (dict(test_cfg=dict(shift_heatmaps=True)), "mean 'shift_heatmap'"),
    (dict(test_cfg=dict(heads=dict(coco=dict(flip_modes='heatmap')))),
     r"test_cfg.heads\['coco'\] has the key 'flip_modes'.*'flip_mode'"),
    (dict(train_cfg=dict(compute_accuracy=False)), "mean 'compute_acc'"),
])
def test_a_key_that_nothing_reads_is_named(build, student_config, changes,
                                           message):
    model = build(student_config())
    for key, value in changes.items():
        setattr(model, key, value)
    with pytest.raises(ValueError, match=message):
        check_options(model)


def test_a_key_of_a_foreign_head_is_only_told(build, student_config, log):
    model = build(student_config())
    model.test_cfg = dict(temperature=2.)
    check_options(model)
    assert "the key 'temperature', which nothing reads" in log.text


@pytest.mark.parametrize('name, known', [
    ('test_cfg', TEST_CFG), ('train_cfg', TRAIN_CFG)])
def test_what_the_code_reads_is_known(name, known):
    pattern = re.compile(rf"\b{name}(?:\.get\(\s*|\[)'(\w+)'")
    read = {key for package in (mmpose, vitpose_mm)
            for path in Path(package.__path__[0], 'models').rglob('*.py')
            for key in pattern.findall(path.read_text())}
    assert read and read <= known
