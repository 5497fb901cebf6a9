# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import click
import pytest
from click.testing import CliRunner


def run_of(name, seed, value):
    return dict(
        name=name, seed=seed, metrics={'PCK': value, 'coco/AP': value / 2},
        parameters=240000, samples_per_second=50., cpu_seconds=60.,
        peak_memory_mib=700,
        environment=dict(hardware=dict(cpu='a CPU'), versions=dict(
            torch='2.0')))


@pytest.fixture
def results(tmp_path):
    content = dict(
        table='resolution', form='small', stages=[],
        runs=[run_of(name, seed, base + .01 * seed) for seed in range(3)
              for name, base in (('48x40', .5), ('64x48', .6))])
    (tmp_path / 'resolution_small_cpu.json').write_text(json.dumps(content))
    return tmp_path


def test_tables_hold_what_the_json_holds(load, results):
    report, rows = load('report'), load('rows')
    table = rows.read_table('resolution')
    runs = report.find_results(table, results)[0].runs
    lines = report.write_rows(table, runs).splitlines()

    assert lines[2].startswith('| 48x40 | 51.0 ± 1.0 | 25.5 ± 0.5 | 3 | ')
    assert lines[3].startswith('| 64x48 | 61.0 ± 1.0 | 30.5 ± 0.5 | 3 | ')
    assert lines[4].startswith('| 96x72 | not run | not run | 0 |')
    pairs = report.write_pairs(table, runs).splitlines()
    assert '| +10.0 | +10.0 to +10.0 | 0.000 | 3 | held |' in pairs[2]
    assert pairs[3].endswith('| | | | 0 | not run |')


def test_page_is_filled_in_between_its_marks(load, results, repo, tmp_path):
    page = tmp_path / 'page.md'
    text = (repo / 'docs' / 'mini_paper.md').read_text()
    page.write_text(text)
    main = load('report').main
    for _ in range(2):  # again, it does not change
        done = CliRunner().invoke(
            main, ['--results', str(results), '--page', str(page)])
        assert done.exit_code == 0, done.output
        filled = page.read_text()
        assert '61.0 ± 1.0' in filled and 'Not run yet.' in filled
    assert (tmp_path / 'images' / 'mini_paper_resolution.png').exists()
    assert filled.count('<!-- begin') == text.count('<!-- begin')
    assert '| resolution | 64x48: better than 48x40 |' in filled


def test_a_page_without_a_place_is_refused(load):
    with pytest.raises(click.ClickException, match='no place for kinds'):
        load('report').fill('text', 'kinds', 'table')


def test_the_file_with_most_whole_comparisons_is_shown(load, results):
    report, rows = load('report'), load('rows')
    table = rows.read_table('resolution')
    more = [run_of('48x40', seed, .5) for seed in range(9)]
    for form, runs in (('short', more), ('smallest', more * 2)):
        (results / f'resolution_{form}_cpu.json').write_text(json.dumps(
            dict(table='resolution', form=form, stages=[], runs=runs)))

    shown, = report.find_results(table, results)
    assert shown.content['form'] == 'small'
    shown, = report.find_results(rows.read_table('mae'), results)
    assert shown.content is None


def test_the_full_form_stands_below_with_what_was_run_of_it(
        load, results, repo, tmp_path):
    runs = [run_of(name, seed, base + .01 * seed) for seed in range(2)
            for name, base in (('64x48', .7), ('96x72', .75))]
    (results / 'resolution_full_cuda.json').write_text(json.dumps(
        dict(table='resolution', form='full', stages=[], runs=runs)))
    page = tmp_path / 'page.md'
    page.write_text((repo / 'docs' / 'mini_paper.md').read_text())
    done = CliRunner().invoke(load('report').main, [
        '--results', str(results), '--page', str(page)])

    assert done.exit_code == 0, done.output
    filled = page.read_text()
    assert '| resolution, full | 96x72: better than 64x48 |' in filled
    assert '| resolution, full | 64x48: better' not in filled
    assert filled.index('| 48x40 | 51.0') < filled.index('| 64x48 | 70.5')
    assert '![Resolution of the crop, form full](' in filled
    assert (tmp_path / 'images' / 'mini_paper_resolution_full.png').exists()


def test_the_full_form_alone_is_shown_once(load, results):
    report, rows = load('report'), load('rows')
    small = results / 'resolution_small_cpu.json'
    content = dict(json.loads(small.read_text()), form='full')
    small.rename(results / 'resolution_full_cuda.json').write_text(
        json.dumps(content))

    shown, = report.find_results(rows.read_table('resolution'), results)
    assert shown.name == 'resolution'
    assert shown.content == content


def test_rows_that_are_compared_ran_on_one_kind_of_machine(load, repo):
    rows, mixed = load('rows'), []
    for path in (repo / 'projects/mini_paper/results').glob('*.json'):
        content = json.loads(path.read_text())
        machines = {}
        for run in content['runs']:
            machine = run['environment']
            machines.setdefault(run['name'], set()).add(
                (machine['hardware']['cpu'], machine['versions']['torch']))
        for pair in rows.read_table(content['table']).pairs:
            used = machines.get(pair.row, set()) | machines.get(
                pair.than, set())
            if len(used) > 1:
                mixed.append((path.name, pair.row, pair.than))
    assert not mixed
