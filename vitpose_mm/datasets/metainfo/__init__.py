# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Metainfo files in MMPose's form, one per dataset class of this package.

They are config files that MMPose reads by path; this file makes them part of
the installed package.
"""
from pathlib import Path


def metainfo_file(name: str) -> str:
    """Absolute path of a metainfo file, wherever the package is installed.

    Args:
        name: Its stem, for example 'apt36k'.
    """
    return str(Path(__file__).with_name(f'{name}.py'))
