# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Benchmarks run, in small, and their numbers belong together."""
import json
from unittest import mock

import pytest
from click.testing import CliRunner

from vitpose_mm.models.backbones import archs
from vitpose_tools.cli import main

TINY = archs.Arch(embed_dim=32, depth=2, num_heads=2)
SMALL = ('--size', '64', '48', '--rounds', '2', '--batch', '2')


@pytest.fixture(autouse=True)
def tiny_vits():
    """Let every name mean a tiny ViT."""
    with mock.patch.dict(archs.ARCHS, base=TINY, large=TINY):
        yield


def run(*args) -> list:
    result = CliRunner().invoke(
        main, ['benchmark', *args, '--json'], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)['rows']


@pytest.fixture
def peers(mmpretrain) -> list:
    pytest.importorskip('timm')
    pytest.importorskip('transformers')
    return ['vitpose_mm', 'mmpose', 'transformers', 'timm']


def test_network_compares_all_implementations(peers, tmp_path):
    figure = tmp_path / 'speed.png'
    rows = run('network', '--device', 'cpu', '--arch', 'base', '--arch',
               'large', '--plot', str(figure), *SMALL)
    assert [row['implementation'] for row in rows] == peers * 2
    # The same network, whoever builds it; timm's has no decoder.
    flops = [row['flops_per_crop'] for row in rows[:4]]
    assert flops[0] == flops[1] == flops[2] > flops[3]
    for row in rows:
        assert row['crops_per_second'] == pytest.approx(
            2000 / row['median_ms'])
        assert row['share_of_peak'] == pytest.approx(
            row['flops_per_crop'] * row['crops_per_second'] /
            row['matmul_peak_flops'])
        assert row['peak_memory_bytes'] > 0
    assert figure.read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize('dtype', ['float32', 'bfloat16'])
def test_train_takes_steps_of_both_recipes(mmpretrain, dtype):
    rows = run('train', '--device', 'cpu', '--dtype', dtype, *SMALL)
    assert [row['implementation'] for row in rows] == [
        'vitpose_mm', 'mmpose']
    assert all(len(row['rounds_ms']) == 2 for row in rows)


def test_eval_tests_all_boxes(mmpretrain):
    rows = run('eval', '--dtype', 'bfloat16', '--crops', '21', '--workers',
               '0', *SMALL)
    assert [(row['work'], row['implementation'], row['crops'])
            for row in rows] == [(work, name, 40)
                                 for work in ('load', 'eval')
                                 for name in ('vitpose_mm', 'mmpose')]
    assert [row['dtype'] for row in rows[2:]] == ['bfloat16', 'float32']


def test_codec_prints_a_table_and_writes_json(tmp_path):
    out = tmp_path / 'codec.json'
    result = CliRunner().invoke(main, [
        'benchmark', 'codec', '--keypoints', '3', '--device', 'cpu', '--out',
        str(out), *SMALL
    ])
    assert result.exit_code == 0, result.output
    lines = result.stdout.strip().split('\n')
    assert lines[0].split() == [
        'work', 'implementation', 'keypoints', 'size', 'batch', 'ms', '+-',
        'crops/s']
    assert [line.split()[:2] for line in lines[1:]] == [
        ['decode', 'vitpose_mm'], ['decode', 'mmpose'],
        ['encode', 'vitpose_mm'], ['encode', 'mmpose']]
    result = json.loads(out.read_text())
    assert len(result['rows']) == 4 and 'torch' in result['environment'][
        'versions']


def test_scaling_measures_batches_at_one_size_and_sizes_at_one_batch():
    rows = run('scaling', '--arch', 'base', '--device', 'cpu', '--rounds', '1',
               '--batch', '1', '--batch', '2', '--size', '64', '48', '--size',
               '32', '64')
    assert [(row['batch'], row['size']) for row in rows] == [
        (1, [64, 48]), (2, [64, 48]), (1, [32, 64])]
    assert rows[0]['flops_per_crop'] == rows[1]['flops_per_crop']


def test_attention_compares_each_type_with_full(monkeypatch):
    monkeypatch.setattr('vitpose_tools.benchmark.attention.GRIDS', [(16, 8)])
    rows = run('attention', '--device', 'cpu', '--rounds', '1', '--batch', '2')
    for work in ('forward', 'step'):
        full, *others = [row for row in rows if row['work'] == work]
        assert full['implementation'] == 'full' and full['time_ratio'] == 1
        assert len(others) == 5
        for row in others:
            assert row['time_ratio'] == pytest.approx(
                row['median_ms'] / full['median_ms'])
            assert row['patches'] == 128 and row['peak_memory_bytes'] > 0


def test_growth_holds_the_number_of_patches(monkeypatch):
    from vitpose_tools.benchmark.attention import TYPES, benchmark_growth
    rows = benchmark_growth(TINY._asdict(), 'float32', 'cpu', 1,
                            [(8, 8), (16, 8)])
    assert [row['implementation'] for row in rows[::2]] == list(TYPES)
    assert {row['batch'] * row['patches'] for row in rows} == {128}
    assert [row['time_ratio'] for row in rows[::2]] == [1] * len(TYPES)


def test_moe_compares_the_joint_leaf_with_the_plain_one():
    rows = run('moe', '--device', 'cpu', *SMALL, '--dtype', 'bfloat16')
    assert [row['implementation'] for row in rows] == [
        'vit', 'vit_moe', 'vitpose', 'vitpose_plus']
    vit, moe, pose, plus = (row['parameters'] for row in rows)
    # Two blocks, whose six experts have a quarter of fc2's rows each.
    hidden = TINY.embed_dim * TINY.mlp_ratio
    assert moe - vit == 2 * 5 * (hidden + 1) * TINY.embed_dim / 4
    assert vit < pose < plus


def test_distillation_is_measured_beside_its_parts():
    rows = run('distillation', '--student', 'base', '--teacher', 'large',
               '--device', 'cpu', *SMALL)
    assert [row['implementation'] for row in rows] == [
        'student', 'teacher', 'distilled']
    assert rows[2]['time_ratio'] == pytest.approx(
        rows[2]['median_ms'] / rows[0]['median_ms'])


@pytest.mark.slow
def test_grouping_times_every_part_for_every_crowd():
    rows = run('grouping', '--device', 'cpu', '--rounds', '1', '--people', '0',
               '--people', '2')
    names = [row['implementation'] for row in rows]
    assert names[:7] == names[7:] and len(set(names)) == 7
    assert [row['people'] for row in rows] == [0] * 7 + [2] * 7


def test_precision_moves_keypoints_less_with_more_bits(
        repo, real_data, tmp_path, monkeypatch):
    import torch
    from mmengine.config import Config
    from mmpose.registry import MODELS

    from vitpose_mm.models.pose_estimators.fast_topdown import autocast
    try:
        autocast(torch.device('cpu'), 'float16')
    except ValueError as error:
        pytest.skip(str(error))
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))
    path, = (repo / 'configs' / 'quickstart').glob(
        'td-hm_ViTPose-tiny_*_coco-overfit-*')
    checkpoint = tmp_path / 'random.pth'
    model = MODELS.build(Config.fromfile(path).model)
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    rows = run('precision', str(path), str(checkpoint), '--device', 'cpu')
    assert [(row['implementation'], row['dtype']) for row in rows] == [
        ('mmpose', 'float32'), ('vitpose_mm', 'float32'),
        ('vitpose_mm', 'float16'), ('vitpose_mm', 'bfloat16')]
    assert rows[1]['metrics'] == pytest.approx(rows[0]['metrics'], abs=1e-3)
    medians = [row['pixels']['median'] for row in rows]
    assert medians[0] == 0 and medians[1] < 1e-3
    assert medians[1] < medians[2] < medians[3]


def test_an_absent_peer_is_left_out():
    from vitpose_tools.cli import benchmark
    with mock.patch('vitpose_tools.benchmark.networks.find_spec',
                    lambda name: None if name == 'timm' else object()):
        assert benchmark.installed('mmpose', 'timm') == ['mmpose']


def test_a_missing_device_is_named():
    with mock.patch('torch.cuda.is_available', return_value=False):
        result = CliRunner().invoke(
            main, ['benchmark', 'codec', '--device', 'cuda'])
    assert result.exit_code == 1 and 'no CUDA device' in result.output


@pytest.mark.parametrize('wrong, word', [
    (('--size', '100', '64'), '100 64'),
    (('--batch', '0'), '--batch'),
    (('--arch', 'giant'), 'giant'),
])
def test_wrong_options_are_named(wrong, word):
    result = CliRunner().invoke(main, ['benchmark', 'network', *wrong])
    assert result.exit_code == 2 and word in result.output


def test_too_little_memory_is_one_sentence():
    import torch
    with mock.patch('vitpose_tools.benchmark.network.benchmark_network',
                    side_effect=torch.cuda.OutOfMemoryError('CUDA')):
        result = CliRunner().invoke(main, ['benchmark', 'network'])
    assert result.exit_code == 1
    assert '--arch base --batch 64 does not fit' in result.output


def test_a_failure_keeps_what_was_measured(tmp_path):
    import torch
    row = dict(work='network', implementation='vitpose_mm')
    out = tmp_path / 'out.json'
    with mock.patch('vitpose_tools.benchmark.network.benchmark_network',
                    side_effect=[[row], torch.cuda.OutOfMemoryError('CUDA')]):
        result = CliRunner().invoke(
            main, ['benchmark', 'network', '--batch', '1', '--batch', '9999',
                   '--out', str(out)])
    assert result.exit_code == 1
    assert '--batch 9999 does not fit' in result.output
    assert json.loads(out.read_text())['rows'] == [
        dict(row, job='--arch base --batch 1')]


def test_results_that_cannot_be_written_are_still_shown(tmp_path):
    (tmp_path / 'taken').mkdir()
    result = CliRunner().invoke(main, [
        'benchmark', 'codec', '--keypoints', '3', '--device', 'cpu', *SMALL,
        '--out', str(tmp_path / 'taken')])
    assert result.exit_code == 1
    assert 'decode' in result.output
    assert 'taken: not written: Is a directory' in result.output
