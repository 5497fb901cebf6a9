# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path

from vitpose_mm.fileio import write_beside
from vitpose_tools.extras import need
from .draw import encode
from .poses import Poses
from .tables import to_dataframe

PICTURES = ('.jpg', '.jpeg', '.png')
SUFFIXES = ('.json', '.csv', '.parquet', *PICTURES)


def save(poses: Poses, path: Path) -> None:
    """See Poses.save."""
    from .writers.coco import entries
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f'{path}: poses are saved as {", ".join(SUFFIXES)}, '
                         f'not {suffix or "without a suffix"}')
    if poses.source and path.resolve() == Path(poses.source).resolve():
        raise ValueError(f'{path} is what was looked at; choose another name')
    if suffix in PICTURES:
        content = encode(poses.plot(), suffix)
    elif suffix == '.json':
        content = json.dumps(entries(poses, image_id=1)).encode()
    elif suffix == '.csv':
        content = to_dataframe(poses).to_csv(index=False).encode()
    else:
        need('pyarrow', 'Parquet is written')
        table = to_dataframe(poses)
        write_beside(path, lambda partial: table.to_parquet(
            partial, engine='pyarrow', index=False))
        return
    write_beside(path, lambda partial: partial.write_bytes(content))
