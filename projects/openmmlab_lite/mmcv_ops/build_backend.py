# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""setuptools, but no wheel is built for a Python that has a compiled MMCV.

pip calls this with the interpreter of the environment, with and without
build isolation. uv does so with `--no-build-isolation` only; with isolation
it calls another interpreter, and it may take a wheel from its cache without
asking. What is not seen here does no harm: Python prefers a compiled
``mmcv/_ext*.so`` to ``mmcv/_ext.py``.
"""
import site
import sys
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import distributions
from pathlib import Path
from typing import List, Optional

from setuptools import build_meta
from setuptools.build_meta import build_sdist  # noqa: F401

NAME = 'mmcv-lite-ops'


def search_path() -> List[str]:
    """Where this interpreter imports from, build isolation or not."""
    # Build isolation takes the environment out of sys.path only.
    environment = [sysconfig.get_path(k) for k in ('purelib', 'platlib')]
    if site.ENABLE_USER_SITE:
        environment.append(site.getusersitepackages())
    return list(dict.fromkeys(environment + [p for p in sys.path if p]))


def compiled_mmcv(path: List[str]) -> Optional[str]:
    """What stands in the way of the stand-in, or None."""
    for folder in path:
        for suffix in EXTENSION_SUFFIXES:
            extension = Path(folder, 'mmcv', f'_ext{suffix}')
            if extension.exists():
                return f'a compiled MMCV, {extension}'
    for found in distributions(path=path):
        if found.metadata['Name'] == 'mmcv':
            return f'mmcv {found.version}, {found.locate_file("mmcv")}'
    return None


def refuse_beside_compiled_mmcv() -> None:
    found = compiled_mmcv(search_path())
    if found:
        raise SystemExit(
            f'{NAME} is not needed here: this environment has {found}, which '
            'it would cover; use that, or `pip uninstall mmcv` first and '
            '`pip install --no-deps mmcv-lite==2.1.0`')


def get_requires_for_build_wheel(
        config_settings: Optional[dict] = None) -> List[str]:
    refuse_beside_compiled_mmcv()
    return build_meta.get_requires_for_build_wheel(config_settings)


def prepare_metadata_for_build_wheel(
        metadata_directory: str,
        config_settings: Optional[dict] = None) -> str:
    refuse_beside_compiled_mmcv()
    return build_meta.prepare_metadata_for_build_wheel(
        metadata_directory, config_settings)


def build_wheel(wheel_directory: str,
                config_settings: Optional[dict] = None,
                metadata_directory: Optional[str] = None) -> str:
    refuse_beside_compiled_mmcv()
    return build_meta.build_wheel(wheel_directory, config_settings,
                                  metadata_directory)


def build_editable(wheel_directory: str,
                   config_settings: Optional[dict] = None,
                   metadata_directory: Optional[str] = None) -> str:
    raise SystemExit(
        f'{NAME} adds a file to mmcv-lite and cannot be installed in place; '
        'leave out --editable')
