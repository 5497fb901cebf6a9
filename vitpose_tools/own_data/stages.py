# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Training and testing by MMPose's own commands, one stage after the other."""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional

from vitpose_mm.fileio import write_beside
from .labels import OwnDataError

EPOCH = re.compile(r'Epoch\(train\)\s+\[(\d+)\]')
CAUSE = re.compile(r'^[A-Za-z_.]*(Error|Exception|Interrupt)\b')
# Lines of MMPose's log that an error message may take after its first.
MESSAGE_LINES = 8


class Stages:
    """Which parts of a run are done, and how long they took.

    What is done stands in ``stages.json`` of the folder, beside a digest of
    the files that the run was made by.

    Args:
        folder: Of the run.
        made_by: Files whose change makes the run another one.

    Raises:
        OwnDataError: If they changed since a stage was done.
    """

    def __init__(self, folder: Path, made_by: Iterable[Path]) -> None:
        self.file = folder / 'stages.json'
        self.note = folder / 'made_by.json'
        now, before = digests(made_by), _read(self.note)
        self.seconds: Dict[str, float] = _read(self.file)
        changed = [name for name, digest in now.items()
                   if before.get(name, digest) != digest]
        if changed and self.seconds:
            raise OwnDataError(
                f'{", ".join(changed)} of {folder} changed since this '
                'training began; --fresh trains by it anew, another --out '
                'keeps both')
        write_beside(self.note, lambda path: path.write_text(
            json.dumps(now, indent=2)))

    def run(self, name: str, work: Callable[[], object]) -> None:
        """Do what is not done yet, and note it."""
        if name in self.seconds:
            return
        start = time.monotonic()
        work()
        self.seconds[name] = round(time.monotonic() - start, 1)
        write_beside(self.file, lambda path: path.write_text(
            json.dumps(self.seconds, indent=2)))


def run_python(arguments: List[str], log: Path,
               on_epoch: Optional[Callable[[int], None]] = None) -> None:
    """Run Python with its output in a log.

    Args:
        arguments: After ``python``.
        log: File that the output is added to.
        on_epoch: Called with the number of each epoch that is seen.

    Raises:
        OwnDataError: If it fails; the message is the cause in the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: List[str] = []
    with open(log, 'a') as file:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors='replace', env=dict(os.environ, PYTHONUNBUFFERED='1'))
        try:
            for line in process.stdout:
                file.write(line)
                lines.append(line.rstrip())
                epoch = EPOCH.search(line)
                if epoch and on_epoch:
                    on_epoch(int(epoch[1]))
            status = process.wait()
        except BaseException:
            # Ctrl-C reaches MMPose too; its checkpoints stay.
            process.terminate()
            process.wait()
            raise
    if status:
        raise OwnDataError(f'python {" ".join(arguments[:3])} failed: '
                           f'{cause(lines)} The whole log: {log}')


def cause(lines: List[str]) -> str:
    """The error in a log, without the traceback and the error of mim."""
    for row in reversed(range(len(lines))):
        if CAUSE.match(lines[row]) and 'CalledProcessError' not in lines[row]:
            message = lines[row:row + MESSAGE_LINES]
            end = next((i for i, line in enumerate(message)
                        if line.startswith('Traceback')), len(message))
            return '\n'.join(message[:end]).strip()
    return 'it was killed, perhaps for want of memory.'


def digests(paths: Iterable[Path]) -> Dict[str, str]:
    """SHA-256 of the bytes of files, by their names."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths}


def once(note: Path, key: dict, work: Callable[[], object]) -> bool:
    """Do some work, and note by what it was done.

    Args:
        note: A JSON file.
        key: All that the work depends on; the same key, the same result.
        work: What to do.

    Returns:
        Whether it was done now, not before.
    """
    if _read(note) == key:
        return False
    work()
    write_beside(note, lambda path: path.write_text(json.dumps(key, indent=2)))
    return True


def _read(path: Path) -> dict:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
