# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The site of these pages: `sphinx-build docs work_dirs/site`."""
import re
import warnings
from pathlib import Path
from typing import List

from sphinx.application import Sphinx

from vitpose_mm.version import __version__

ROOT = Path(__file__).resolve().parents[1]

project = 'vitpose_mm'
author = 'The vitpose_mm authors'
copyright = author
release = __version__

extensions = [
    'myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon',
    'sphinx.ext.viewcode', 'sphinx_click'
]
exclude_patterns = ['images']
html_theme = 'furo'
html_title = 'vitpose_mm'

myst_heading_anchors = 3
myst_enable_extensions = ['colon_fence']

autodoc_typehints = 'signature'
autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True
# It imports beside transformers 4 only.
autodoc_mock_imports = ['mmpretrain']
napoleon_numpy_docstring = False
napoleon_use_rtype = False

warnings.filterwarnings('ignore', 'pkg_resources is deprecated')


def as_site(app: Sphinx, page: str, source: List[str]) -> None:
    """Begin with the README, and link only what has a page here.

    The pages are read in the repository too, where other files are links.
    """
    text = source[0].replace('](../README.md', '](index.md')
    if page == 'index':
        text = (ROOT / 'README.md').read_text().replace('](docs/', '](') + text
    source[0] = re.sub(r'\[([^]\n]+)\]\((?!https?:)(?![\w-]+\.md|#|images/)'
                       r'[^)]+\)|\[([^]\n]+)\]\([A-Z]+\.md\)', r'\1\2', text)


def keep_signs(app: Sphinx, context: object, lines: List[str]) -> None:
    """A pattern of files in a help text is no emphasis, and no link."""
    lines[:] = [re.sub(r'\*|_(?!\w)', r'\\\g<0>', line) for line in lines]


def setup(app: Sphinx) -> None:
    app.connect('source-read', as_site)
    app.connect('sphinx-click-process-description', keep_signs)
