# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mmengine.utils import digit_version

from vitpose_tools.cli import main
from vitpose_tools.export import Wish, exporter
from vitpose_tools.export.compare import TOLERANCES, Comparison, Parted, Result
from vitpose_tools.predict import opened_model

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.6'),
    reason='an older torch exports nothing')

ROW = Comparison(1, .001, .01, .02, .002, 'nose', .0001, 10., 20.)


@pytest.fixture
def made(monkeypatch):
    """What would be written, without writing it."""
    calls = []

    class Stub:
        def __init__(self, config, checkpoint, dataset) -> None:
            calls.append([str(config), checkpoint, dataset])

        def write(self, wish, out, calibration):
            calls[-1] += [wish, calibration]
            result = Result([ROW], TOLERANCES[wish.dtype], '16 crops', 0,
                            'float32', 12)
            if wish.dtype == 'int8':
                result.rows = [replace(ROW, median=np.nan)]
                raise Parted(out, result)
            return result

    monkeypatch.setattr(exporter, 'Exporter', Stub)
    return calls


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('c.py').write_text('')
    Path('w.pth').write_text('')


def run(*words):
    return CliRunner().invoke(main, ['export', *map(str, words)])


def test_the_comparison_is_printed(made, tmp_path):
    done = run('c.py', 'w.pth', '--to', 'onnx', '--decode', '--flip',
               '--dataset', 'aic', '--out', tmp_path / 'm.onnx')

    assert done.exit_code == 0, done.output
    assert made[0][:3] == ['c.py', 'w.pth', 'aic']
    assert made[0][3] == Wish('onnx', True, True, 'float32')
    assert '16 crops' in done.output and '0.0010' in done.output


def test_json_is_all_of_stdout(made, tmp_path):
    done = run('c.py', 'w.pth', '--to', 'onnx', '--json', '--dtype',
               'float16', '--out', tmp_path / 'm.onnx')

    content = json.loads(done.stdout)
    assert content['passed'] is True
    assert content['batches'][0]['name'] == 'nose'
    assert content['tolerance']['p99'] is None  # has no limit


def test_what_parts_is_exit_code_1_with_its_numbers(made, tmp_path):
    done = run('c.py', 'w.pth', '--to', 'openvino', '--dtype', 'int8',
               '--out', tmp_path / 'm.xml')

    assert done.exit_code == 1
    assert 'median nan at batch 1 (limit 0.5)' in done.stderr
    assert 'Wrote' not in done.stdout and 'nan' in done.stdout
    done = run('c.py', 'w.pth', '--to', 'openvino', '--dtype', 'int8',
               '--out', tmp_path / 'm.xml', '--json')
    content = json.loads(done.stdout)
    assert content['passed'] is False
    assert content['batches'][0]['median'] is None


def test_a_name_brings_its_config(made, tmp_path, monkeypatch):
    found = 'n.py', 'n.pth', 'mpii'
    monkeypatch.setattr(opened_model, 'find_config', lambda *_: found)

    done = run('--model', 'vitpose-x', '--to', 'onnx', '--out',
               tmp_path / 'm.onnx')

    assert done.exit_code == 0, done.output
    assert made[0][:3] == ['n.py', 'n.pth', 'mpii']


@pytest.mark.parametrize('words', [(), ('c.py', 'w.pth', '--model', 'x')])
def test_no_model_and_two_are_a_usage_error(made, words):
    done = run(*words, '--to', 'onnx', '--out', 'm.onnx')

    assert done.exit_code == 2
    assert 'CONFIG CHECKPOINT or --model' in done.stderr


def test_a_wrong_suffix_is_told_before_the_model_is_built(made):
    done = run('c.py', 'w.pth', '--to', 'onnx', '--out', 'm.xml')

    assert done.exit_code == 1 and not made
    assert 'm.xml must end in .onnx' in done.stderr


def test_a_config_without_weights_is_one_sentence(made):
    done = run('c.py', '--to', 'onnx', '--out', 'm.onnx')

    assert done.exit_code == 1 and not made
    assert 'c.py is a config; give its weights too' in done.stderr
