# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Where the configs are: in a clone beside the package, in a wheel inside."""
from pathlib import Path

import vitpose_mm

PACKAGE = Path(vitpose_mm.__file__).resolve().parent
# Each may hold a folder ``configs``.
ROOTS = (PACKAGE.parent, PACKAGE / '.mim')


def config_path(name: str) -> Path:
    """Find a config of this project.

    Args:
        name: Path below ``configs``, with .py.

    Raises:
        FileNotFoundError: If the installation lacks it; the text is one
            sentence.
    """
    for root in ROOTS:
        path = root / 'configs' / name
        if path.exists():
            return path
    places = ' or '.join(str(root / 'configs') for root in ROOTS)
    raise FileNotFoundError(
        f'configs/{name} of vitpose_mm was not found in {places}; install '
        'vitpose_mm again')
