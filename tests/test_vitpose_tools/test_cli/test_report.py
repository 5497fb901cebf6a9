# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest
from click.testing import CliRunner
from mmengine.config import Config

from vitpose_tools.cli import main


@pytest.mark.parametrize('people', ['0', 'many'])
def test_a_wrong_number_of_people_is_refused(people, tmp_path):
    result = CliRunner().invoke(
        main, ['report', str(tmp_path), '--people', people])
    assert result.exit_code == 2 and people in result.output


def test_a_folder_without_training_is_one_line(tmp_path):
    result = CliRunner().invoke(main, ['report', str(tmp_path / 'absent')])
    assert result.exit_code == 1
    assert 'absent holds no training' in result.output


def test_a_damaged_checkpoint_leaves_no_pictures(tmp_path, repo):
    logs = tmp_path / '20260101_000000' / 'vis_data'
    logs.mkdir(parents=True)
    (logs / 'scalars.json').write_text(
        json.dumps(dict(loss=1., epoch=1, step=1)) + '\n')
    config = 'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit-128x96.py'
    Config.fromfile(repo / 'configs' / 'quickstart' / config).dump(
        logs / 'config.py')
    (tmp_path / 'best_x.pth').write_bytes(b'PK\x03\x04')
    result = CliRunner().invoke(main, ['report', str(tmp_path)])
    assert result.exit_code == 1 and 'best_x.pth was not loaded' in \
        result.output
    assert not list(tmp_path.glob('*.png'))
