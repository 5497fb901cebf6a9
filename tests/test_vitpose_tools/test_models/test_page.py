# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""docs/models.md holds the rows of models.yaml."""
import yaml


def test_the_page_has_each_model_and_what_was_published(repo):
    page = (repo / 'docs' / 'models.md').read_text()
    table = [[cell.strip() for cell in line.strip('|').split('|')]
             for line in page.splitlines() if line.startswith('| `')]
    rows = yaml.safe_load(
        (repo / 'vitpose_tools' / 'models' / 'models.yaml').read_text())
    assert [cells[0] for cells in table] == [
        f'`{row["name"]}`' for row in rows]
    for (_, dataset, published, licence, config), row in zip(table, rows):
        assert dataset == row.get('dataset', '-')
        assert licence == row.get('licence', 'not stated')
        assert f'/{row["config"]}.py)' in config
        values = dict(part.split()[::-1] for part in published.split(', ')
                      if part != '-')
        assert {name: round(float(value) / 100, 4)
                for name, value in values.items()} == row.get('published', {})
