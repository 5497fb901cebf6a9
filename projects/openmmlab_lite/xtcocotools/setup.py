# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Refuses to build where its files would cover the compiled xtcocotools.

pip builds with the Python it installs for, so its site-packages are seen
here, in an isolated build too. A builder with an interpreter of its own (uv)
hides them, unless it is told --no-build-isolation.
"""
import site
import sys
import sysconfig
from importlib.metadata import distributions

from setuptools import setup

FOLDERS = [sysconfig.get_path(name) for name in ('purelib', 'platlib')]
if site.ENABLE_USER_SITE:
    FOLDERS.append(site.getusersitepackages())

for found in distributions(name='xtcocotools', path=FOLDERS):
    sys.exit(f'xtcocotools {found.version} is installed here and does all '
             'that xtcocotools-lite does: keep it, or `pip uninstall '
             'xtcocotools` first.')
setup()
