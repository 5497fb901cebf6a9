# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Train by a config with a `strategy`, which MMPose's script does not read.

    torchrun --nproc_per_node 8 projects/scale_out/train.py CONFIG \\
        --launcher pytorch
"""
import argparse
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.runner import FlexibleRunner

import vitpose_mm  # noqa: F401


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', type=Path)
    parser.add_argument('--work-dir', type=Path)
    parser.add_argument('--resume', action='store_true')
    parser.add_argument('--launcher', default='none',
                        choices=['none', 'pytorch', 'slurm', 'mpi'])
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        default={})
    arguments = parser.parse_args()
    config = Config.fromfile(arguments.config)
    config.merge_from_dict(arguments.cfg_options)
    config.launcher = arguments.launcher
    config.resume = arguments.resume
    config.work_dir = str(
        arguments.work_dir or Path('work_dirs', arguments.config.stem))
    FlexibleRunner.from_cfg(config).train()


if __name__ == '__main__':
    main()
