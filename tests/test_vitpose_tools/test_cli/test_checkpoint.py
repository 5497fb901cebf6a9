# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner

from vitpose_mm.models import backbones
from vitpose_tools.cli import main


@pytest.fixture
def run():

    def run(*args):
        result = CliRunner().invoke(main, ['checkpoint', *map(str, args)])
        assert not isinstance(result.exception, (ValueError, KeyError))
        return SimpleNamespace(code=result.exit_code, out=result.output)

    return run


@pytest.fixture
def ours(tmp_path):
    """A checkpoint of a ViTPose-S with one block and the simple decoder."""
    vit = backbones.ViT(dict(embed_dim=384, depth=1, num_heads=12))
    weights = {f'backbone.{key}': tensor
               for key, tensor in vit.state_dict().items()}
    weights['head.final_layer.weight'] = torch.randn(17, 384, 3, 3) / 60
    weights['head.final_layer.bias'] = torch.zeros(17)
    torch.save(dict(state_dict=weights), tmp_path / 'ours.pth')
    return tmp_path / 'ours.pth'


def test_inspect_prints_for_people_and_machines(run, ours):
    people, machine = run('inspect', ours), run('inspect', ours, '--json')

    assert people.code == machine.code == 0
    assert 'layout       vitpose_mm' in people.out
    assert '17 keypoints, simple decoder' in people.out
    facts = json.loads(machine.out)
    assert facts['embed_dim'] == 384 and facts['depth'] == 1
    assert facts['heads'][''] == dict(decoder='simple', keypoints=17)


def test_convert_then_verify(run, ours, tmp_path):
    converted = run('convert', ours, tmp_path / 'hf', '--to', 'hf')
    same = run('verify', ours, tmp_path / 'hf', '--json')

    assert converted.code == 0 and 'Wrote' in converted.out
    assert same.code == 0 and json.loads(same.out)['same']


def test_verify_fails_above_the_tolerance(run, ours, tmp_path):
    other = torch.load(ours, weights_only=True)
    other['state_dict']['head.final_layer.bias'] += 0.01
    torch.save(other, tmp_path / 'other.pth')

    different = run('verify', ours, tmp_path / 'other.pth')
    same = run('verify', ours, tmp_path / 'other.pth', '--tolerance', '0.02')

    assert different.code == 1 and 'DIFFERENT' in different.out
    assert 'largest heatmap difference   0.01' in different.out
    assert same.code == 0 and 'same at tolerance' in same.out


@pytest.mark.parametrize('args', [
    ('inspect', 'absent.pth'),
    ('convert', 'absent.pth', 'out.pth', '--to', 'mmpose'),
    ('verify', 'absent.pth', 'absent.pth'),
])
def test_failures_end_in_one_line_and_exit_code_1(run, args):
    result = run(*args)

    assert result.code == 1
    assert result.out.startswith('Error: absent.pth was not loaded')
    assert len(result.out.splitlines()) == 1
