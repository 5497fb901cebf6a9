# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What MMEngine and MMPose print about the environment."""


def get_compiler_version() -> str:
    return 'not compiled (mmcv-lite-ops)'


def get_compiling_cuda_version() -> str:
    return 'not compiled (mmcv-lite-ops)'
