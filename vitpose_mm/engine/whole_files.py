# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend

from vitpose_mm.fileio import write_beside


class WholeFileBackend(LocalBackend):
    """MMEngine's local files, which appear whole or not at all.

    MMEngine writes checkpoints in place: a process that is killed, or a full
    disk, leaves half of one under its name. Serves all that MMEngine writes
    through its file backends; importing vitpose_mm registers it.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write a file.

        Raises:
            OSError: If the disk refuses; what was there before stays.
        """
        write_beside(Path(filepath), lambda path: path.write_bytes(obj))

    def put_text(self, obj: str, filepath: Union[str, Path],
                 encoding: str = 'utf-8') -> None:
        """Write a text; see put."""
        self.put(obj.encode(encoding), filepath)


register_backend('local', WholeFileBackend, prefixes='', force=True)
