# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Callable, List, Optional, Protocol, Sequence, Type

from vitpose_tools.extras import MissingPackage
from ..frame import Frame
from ..poses import Poses, Skeleton
from .coco import CocoWriter
from .dlc import DlcCsv, DlcH5
from .images import ImagesWriter
from .place import Place, WritersError
from .sleap import Slp
from .spool import SpoolWriter
from .table import CsvWriter, ParquetWriter
from .video import VideoWriter

FORMATS = {
    'coco': 'COCO results, predictions.json, and images.json, of which '
            'COCO().loadRes() takes them',
    'csv': 'predictions.csv, a row for each keypoint',
    'parquet': 'predictions.parquet, the same',
    'dlc-csv': "DeepLabCut's CSV of each video, as analyze_videos writes it",
    'dlc-h5': 'the same as h5',
    'slp': 'a SLEAP project of each video, of predicted instances',
    'images': 'pictures with the keypoints drawn',
    'video': 'videos with the keypoints drawn, and their sound',
}
STREAMED = {'coco': CocoWriter, 'csv': CsvWriter, 'parquet': ParquetWriter,
            'images': ImagesWriter, 'video': VideoWriter}
SPOOLED = {'dlc-csv': DlcCsv, 'dlc-h5': DlcH5, 'slp': Slp}


class Writer(Protocol):
    """Writes one format, or several."""

    def write(self, frame: Frame, poses: Poses) -> None:
        """Take the people of a frame, perhaps none."""

    def close(self, complete: bool) -> None:
        """Complete the files.

        Args:
            complete: False if the run broke off.
        """


class Writers:
    """Writes the predictions of a run in several formats.

    A context manager. However it is left, by Ctrl-C or an error too, what was
    written is in complete files.

    Args:
        place: Where.
        formats: Names of FORMATS.

    Raises:
        WritersError: If the folder is not empty, or a format needs a package
            that is missing.
    """

    def __init__(self, place: Place, formats: Sequence[str]) -> None:
        self.place = place
        self.writers: List[Writer] = []
        out = place.out
        try:
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise WritersError(f'{out} is not an empty folder; choose '
                                   'another, so that nothing is overwritten')
            place.work.mkdir(parents=True)
        except OSError as error:
            raise WritersError(f'{out} cannot be written: '
                               f'{error.strerror}') from error
        try:
            names = dict.fromkeys(formats)
            for name in names:
                if name in STREAMED:
                    self.writers.append(STREAMED[name](place))
            spooled = [SPOOLED[name](place) for name in names
                       if name in SPOOLED]
            if spooled:
                self.writers.append(SpoolWriter(place, spooled))
        except BaseException as error:
            shutil.rmtree(place.work, ignore_errors=True)
            if isinstance(error, MissingPackage):
                raise WritersError(str(error)) from error
            raise

    @property
    def files(self) -> List[Path]:
        """What was written; complete after the context is left."""
        return self.place.files

    @property
    def notes(self) -> List[str]:
        """Sentences for the summary; complete after the context is left."""
        return self.place.notes

    def write(self, frame: Frame, poses: Poses) -> None:
        """Write the people of a frame.

        Args:
            frame: Frames of a source come one after another.
            poses: Its people, perhaps none.

        Raises:
            OSError: If the disk refuses.
        """
        for writer in self.writers:
            writer.write(frame, poses)

    def __enter__(self) -> 'Writers':
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        failures: List[Exception] = []
        for writer in self.writers:
            try:
                writer.close(complete=kind is None)
            except Exception as failure:  # the others are still completed
                failures.append(failure)
        self.writers = []
        shutil.rmtree(self.place.work, ignore_errors=True)
        if kind is None and failures:
            raise failures[0]
        self.notes.extend(map(str, failures))


def open_writers(
    out: Path,
    formats: Sequence[str],
    skeleton: Skeleton,
    image_id: Callable[[Frame], Optional[int]] = lambda frame: None,
) -> Writers:
    """Prepare to write the predictions of a run.

    Args:
        out: New or empty folder.
        formats: Names of FORMATS.
        skeleton: Of the keypoints.
        image_id: Tells what number a boxes file gives to a frame, for COCO
            results; a running number stands for None.

    Raises:
        WritersError: If a format is unknown or needs a missing package, or
            the folder is not empty.
    """
    check_formats(formats)
    work = out / f'.{os.getpid()}.work'
    return Writers(Place(out, work, skeleton, image_id), formats)


def check_formats(formats: Sequence[str]) -> None:
    """Raise WritersError if a format is unknown."""
    for name in formats:
        if name not in FORMATS:
            raise WritersError(f'{name!r} is no format that can be written; '
                               f'choose of {", ".join(FORMATS)}')
