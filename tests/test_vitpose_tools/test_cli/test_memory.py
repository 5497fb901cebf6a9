# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

from click.testing import CliRunner

from vitpose_tools.cli import main


def test_table_and_json_say_the_same(repo):
    config, = (repo / 'configs' / 'quickstart').glob(
        'td-hm_ViTPose-tiny_*_synth-*')
    words = ['memory', str(config), '--gpus', '2', '--batch', '512']
    table = CliRunner().invoke(main, words)
    found = CliRunner().invoke(main, [*words, '--json'])
    assert table.exit_code == found.exit_code == 0, table.output
    found = json.loads(found.stdout)
    assert f'{found["total"] / 2**30:.2f} GiB  in all, on each of 2 GPUs' in \
        table.stdout
    assert f'{found["total_sharded"] / 2**30:.2f} GiB  in all with FSDP' in \
        table.stdout


def test_a_text_that_is_no_config_is_one_line(tmp_path):
    path = tmp_path / 'bad.py'
    path.write_text('model = (')
    result = CliRunner().invoke(main, ['memory', str(path)])
    assert result.exit_code == 1
    assert len(result.stderr.strip().split('\n')) == 1
    assert 'bad.py' in result.stderr
