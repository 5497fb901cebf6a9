# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The comparison on drawn crowds runs, and at other sizes of images."""
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from mmengine.config import Config
from mmengine.utils import import_modules_from_strings


@pytest.fixture
def crowd(repo, monkeypatch):
    monkeypatch.syspath_prepend(str(repo / 'projects' / 'query_pose'))
    return import_modules_from_strings('crowd')


@pytest.mark.parametrize('method', ['query', 'ae'])
def test_all_sizes_of_a_config_follow(repo, crowd, method):
    path = repo / 'configs' / 'quickstart' / crowd.CONFIGS[method]
    config = Config.fromfile(path)
    larger = Config(crowd.resized(config.to_dict(), 256))
    assert larger.model.backbone.img_size == (256, 256)
    for name in ('train', 'val'):
        before, after = (each[f'{name}_dataloader'].dataset.pipeline
                         for each in (config, larger))
        for old, new in zip(before, after):
            if 'input_size' in old:
                assert new['input_size'] == (256, 256)
        encoder = after[2].get('encoder')
        if encoder and method == 'ae':
            assert encoder['heatmap_size'] == (64, 64)
    assert '192' not in larger.pretty_text.replace('_192x192', '')


@pytest.mark.parametrize('methods', [
    'qurey', 'start', 'query,topdown@256', 'query@250', 'ae@', 'query@0',
    'query@large'])
def test_what_would_fail_late_is_refused(crowd, tmp_path, methods):
    result = CliRunner().invoke(crowd.main, [
        '--methods', methods, '--data', str(tmp_path / 'data'), '--out',
        str(tmp_path / 'out.json')])
    assert result.exit_code == 2 and '--methods' in result.output
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
def test_methods_are_trained_side_by_side(repo, tmp_path):
    out = tmp_path / 'crowd.json'
    done = subprocess.run(
        [sys.executable, 'projects/query_pose/crowd.py', '--rehearse',
         '--at-once', '--methods', 'query@256,topdown', '--seeds', '0',
         '--query-lr', '0.002', '--data', str(tmp_path / 'data'), '--out',
         str(out)],
        cwd=repo, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    query, topdown = json.loads(out.read_text())
    assert (query['method'], topdown['method']) == ('query@256', 'topdown')
    assert query['lr'] == 0.002 and topdown['lr'] == 0.004
    assert 0 <= query['coco/AP'] <= 1 and query['iterations'] > 1
    assert (tmp_path / 'query@256_0' / 'sheet.jpg').exists()
