# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Public models by name, as people type them."""
import json

import pytest
import torch
from click.testing import CliRunner
from mmengine.config import Config

from vitpose_mm.checkpoints.loader import download
from vitpose_tools.cli import main
from vitpose_tools.own_data.choices import Choices
from vitpose_tools.own_data.finetune import find_init

EASY = 'JunkyByte/easy_ViTPose'
NAME = 'vitpose-plus-small/ap10k'


def invoke(*arguments) -> str:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def ap10k(hub, official_weights, tmp_path):
    """A hub with a small file under the name of easy_ViTPose's."""
    torch.save(official_weights(384, 1), tmp_path / 'dense.pth')
    name = 'torch/ap10k/vitpose-s-ap10k.pth'
    hub.push(EASY, {name: (tmp_path / 'dense.pth').read_bytes()})
    return f'hf://{EASY}/{name}'


def test_the_table_says_what_is_on_disk(ap10k):
    def line() -> list:
        row, = [line for line in invoke('models').splitlines()
                if line.startswith(f'{NAME} ')]
        return row.split()

    assert line() == [NAME, 'ap10k', 'small', '71.4', 'Apache-2.0', '-']
    download(ap10k)
    assert line()[-1] == 'yes'
    assert max(map(len, invoke('models').splitlines())) < 80


def test_rows_of_one_dataset(hub):
    rows = json.loads(invoke('models', '--dataset', 'wholebody', '--json'))

    assert {row['dataset'] for row in rows} == {'coco_wholebody'}
    assert len(rows) == 4 and not any(row['on_disk'] for row in rows)
    assert Config.fromfile(rows[0]['config']).dataset_type == \
        'CocoWholeBodyDataset'
    result = CliRunner().invoke(main, ['models', '--dataset', 'hand'])
    assert result.exit_code == 1 and 'there are aic, ap10k' in result.output


def test_one_model_with_what_to_type(hub):
    text = invoke('models', 'vitpose-plus-small/coco')

    assert 'published    75.8 AP, by the authors of ViTPose; not measured' \
        in text
    assert "--checkpoint 'hf://usyd-community/vitpose-plus-small#dataset=" \
        "coco'" in text
    assert 'vitpose-mm checkpoint inspect vitpose-plus-small/coco' in text
    result = CliRunner().invoke(main, ['models', 'vitpose-plus-small'])
    assert result.exit_code == 1 and 'vitpose-plus-small/aic' in result.output


def test_commands_take_names_and_addresses(ap10k, tmp_path):
    facts = json.loads(invoke('checkpoint', 'inspect', NAME, '--json'))
    assert facts['heads']['']['keypoints'] == 17
    assert facts['advice'].endswith(ap10k)

    invoke('checkpoint', 'convert', NAME, tmp_path / 'ours.pth',
           '--to', 'vitpose_mm')
    assert 'same at tolerance' in invoke(
        'checkpoint', 'verify', ap10k, tmp_path / 'ours.pth')


def test_the_config_of_easy_vitpose_is_its_datasets(hub, official_weights,
                                                    tmp_path):
    path = tmp_path / 'vitpose-s-ap10k.pth'
    torch.save(official_weights(384, 12), path)

    facts = json.loads(invoke('checkpoint', 'inspect', path, '--json'))

    assert facts['config'].endswith(
        'td-hm_ViTPose-small_8xb64-210e_ap10k-published-256x192.py')


def test_a_joint_file_of_the_hub_is_taken_apart(hub, official_weights,
                                                tmp_path):
    torch.save(official_weights(384, 1, part_features=96),
               tmp_path / 'plus.pth')
    hub.push('lab/plus', {'plus.pth': (tmp_path / 'plus.pth').read_bytes()})
    address = 'hf://lab/plus/plus.pth#dataset=mpii'

    report = invoke('checkpoint', 'convert', address, tmp_path / 'mpii.pth',
                    '--to', 'vitpose_mm')
    assert 'expert of mpii joined' in report
    assert 'same' in invoke('checkpoint', 'verify', address,
                            tmp_path / 'mpii.pth')
    facts = json.loads(invoke('checkpoint', 'inspect', address, '--json'))
    assert facts['advice'] == f'mim test mmpose CONFIG --checkpoint {address}'


@pytest.mark.parametrize('arguments', [
    ('checkpoint', 'inspect'), ('checkpoint', 'verify', 'x.pth')])
def test_an_unknown_name_ends_in_one_sentence(arguments, hub):
    result = CliRunner().invoke(main, [*arguments, 'vitpose-bsae'])

    assert result.exit_code == 1 and result.exception.code == 1
    assert 'there is no such file' in result.output


def test_fine_tuning_starts_from_a_name():
    def init(text: str) -> str:
        return find_init(Choices(None, None, None, None, None, init=text))

    assert init('vitpose-base') == 'hf://usyd-community/vitpose-base'
    assert init('mae-base-meta').endswith('mae_pretrain_vit_base.pth')
    assert init('hf://lab/vit@v1') == 'hf://lab/vit@v1'


def test_suggest_wants_a_model_or_config_and_weights(tmp_path):
    for options in ([], ['--config', 'a.py'],
                    ['--model', 'b', '--config', 'a.py',
                     '--checkpoint', 'a.pth']):
        result = CliRunner().invoke(
            main, ['suggest', 'x.mp4', '--out', str(tmp_path / 'o'),
                   *options])
        assert result.exit_code == 2
        assert 'Give --config and --checkpoint, or --model' in result.output
