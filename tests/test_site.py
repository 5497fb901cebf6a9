# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The pages of docs/ as a site."""
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / 'docs'
NAMED = re.findall(r'^\.\. autoclass:: (vitpose_mm\.\S+)\.(\w+)$',
                   (DOCS / 'api.md').read_text(), re.M)


@pytest.mark.slow
def test_site_is_built_without_a_warning(tmp_path):
    for package in ('sphinx', 'furo', 'myst_parser', 'sphinx_click'):
        pytest.importorskip(package)
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', 'sphinx', '-q', '-W', '-b',
         'html', str(DOCS), str(tmp_path)],
        cwd=DOCS.parent, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    api = (tmp_path / 'api.html').read_text()
    for package, name in NAMED:
        assert f'id="{package}.{name}"' in api
    # The README is the first page, and its links lead to the others.
    first = (tmp_path / 'index.html').read_text()
    assert 'tools/quickstart.sh' in first
    assert 'href="own_data.html"' in first
    commands = (tmp_path / 'commands.html').read_text()
    assert 'id="vitpose-mm-finetune"' in commands


def test_every_page_is_in_the_menu():
    menu = (DOCS / 'index.md').read_text().split('\n')
    pages = {path.stem for path in DOCS.glob('*.md')} - {'index'}
    assert pages == {line for line in menu if re.fullmatch(r'[a-z_]+', line)}


@pytest.mark.parametrize('package', sorted({one for one, _ in NAMED} - {
    'vitpose_mm.pretraining'}))  # which needs MMPretrain
def test_every_class_that_a_config_can_name_is_described(package):
    public = importlib.import_module(package).__all__
    assert {name for name in public if name[0].isupper()} == {
        name for one, name in NAMED if one == package}
