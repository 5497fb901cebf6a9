# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Each row of each table is a model and data that exist."""
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from vitpose_tools.synth import SKELETONS, write_dataset

TABLES = ('attention', 'decoder', 'distillation', 'frozen', 'kinds', 'mae',
          'mouse', 'resolution', 'whole_body')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Metainfo files and pictures of all kinds."""
    root = tmp_path_factory.mktemp('data')
    for name, skeleton in SKELETONS.items():
        for part in ('train', 'val'):
            write_dataset(skeleton, root / 'mini_paper' / name / part, 1, 0,
                          workers=1, people=1)
    return root


def test_all_tables_are_tested(load):
    assert tuple(load('rows').table_names()) == TABLES


@pytest.mark.parametrize('form', ['small', 'full'])
@pytest.mark.parametrize('name', TABLES)
def test_models_of_all_rows_can_be_built(load, data, monkeypatch, repo, name,
                                         form):
    monkeypatch.setenv('VITPOSE_DATA', str(data))
    rows, jobs = load('rows'), load('jobs')
    table, form = rows.read_table(name), rows.read_form(form)
    assert table.rows_in(form) == list(table.rows.values())
    for row in [*table.rows.values(), *table.stages.values()]:
        job = jobs.make_job(row, 0, table, form)
        assert all(need.row in table.stages.values()
                   for _, need in job.needs)
        if row.tool == 'mmpretrain':
            continue
        cfg = Config.fromfile(repo / row.config)
        cfg.merge_from_dict(jobs.parsed(dict(job.options)))
        init_default_scope('mmpose')
        model = MODELS.build(cfg.model)
        heads = getattr(model, 'heads', None) or {'person': model.head}
        for kind, head in heads.items():
            assert head.final_layer.out_channels == len(
                SKELETONS[kind].keypoints)
        epochs = cfg.train_cfg.max_epochs
        assert cfg.train_cfg.val_interval == epochs
        assert cfg.param_scheduler[1].end == epochs
        assert cfg.default_hooks.checkpoint.interval == epochs


def test_what_decides_the_result_is_in_the_key(load, data, monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', str(data))
    rows, jobs = load('rows'), load('jobs')
    table = rows.read_table('mae')
    small, smallest = rows.read_form('small'), rows.read_form('smallest')
    keys = {
        jobs.make_job(row, seed, table, form).key
        for row in table.rows.values() for seed in (0, 1)
        for form in (small, smallest)
    }
    assert len(keys) == 2 * 2 * len(table.rows)
    # A row of two tables is one run.
    other = rows.read_table('frozen')
    same = [jobs.make_job(other.rows['all'], 0, other, small),
            jobs.make_job(table.rows['all, MAE'], 0, table, small)]
    assert same[0].key == same[1].key


def test_stages_come_first_and_once(load, data, monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', str(data))
    rows, jobs = load('rows'), load('jobs')
    table = rows.read_table('distillation')
    found = jobs.jobs_of(table, rows.read_form('small'), 3)

    names = [job.row.name for job in found]
    # The teacher of all seeds is the first of the row of teachers.
    assert names.count('token') == 1 + 3 and len(found) == 3 * 9 + 1
    done = set()
    for job in found:
        assert {need.key for _, need in job.needs} <= done
        done.add(job.key)


def test_mistakes_in_a_table_are_named(load, tmp_path):
    import click
    rows = load('rows')
    with pytest.raises(click.ClickException, match='there are .*small'):
        rows.read_form('huge')
    with pytest.raises(click.ClickException, match="'a' needs a config"):
        rows.read_row('a', dict(config='configs/none.py'), tmp_path)
    with pytest.raises(click.ClickException, match='optoins'):
        rows.read_row('a', dict(config='x.py', optoins={}), tmp_path)


def test_a_form_leaves_out_rows_that_it_would_change(load):
    rows = load('rows')
    table = rows.read_table('mae')
    kept = {name: [row.name for row in table.rows_in(rows.read_form(name))]
            for name in ('small', 'short', 'smallest', 'full')}
    # The others have epochs of their own.
    assert kept['short'] == ['all', 'all, MAE']
    assert kept['small'] == kept['smallest'] == kept['full'] == list(
        table.rows)


def test_a_form_multiplies_what_a_row_has(load, data, monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', str(data))
    rows, jobs = load('rows'), load('jobs')

    def options(table, row):
        table = rows.read_table(table)
        return dict(jobs.make_job(
            table.rows[row], 0, table, rows.read_form('full')).options)

    width = 'model.backbone.arch.embed_dim'
    assert options('mouse', 'smaller')[width] == '64'
    assert options('mouse', 'larger')['model.head.in_channels'] == '192'
    half = options('mae', 'half')
    assert half['train_dataloader.dataset.indices'] == '1920'
    assert half['train_cfg.max_epochs'] == '20' and half[width] == '128'
    joint = options('kinds', '+1')
    assert joint['model.heads.person_14.in_channels'] == '128'
    assert joint['train_dataloader.dataset.datasets.1.indices'] == '1920'
    assert 'train_dataloader.dataset.datasets.2.indices' not in joint
