# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What MMPose uses of xtcocotools, on pycocotools."""
from pathlib import Path

if any(Path(__file__).parent.glob('_mask.*')):
    # Some builders hide from setup.py what is installed.
    raise ImportError(
        f'xtcocotools-lite covers the compiled xtcocotools in '
        f'{Path(__file__).parent}: `pip uninstall xtcocotools-lite '
        'xtcocotools`, then install one of the two')
