# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os

from ..draw import draw, encode
from ..frame import Frame
from ..poses import Poses
from .place import Place

FOLDER = 'images'


class ImagesWriter:
    """images/: the pictures of the inputs, drawn; those of videos are left
    to the format 'video'. PNG where the picture is one, else JPEG.

    Args:
        place: Where.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.wrote = False

    def write(self, frame: Frame, poses: Poses) -> None:
        if frame.index is not None:
            return
        suffix = '.png' if frame.source.lower().endswith('.png') else '.jpg'
        name = self.place.free_name(frame.source, suffix)
        partial = self.place.work / name
        partial.write_bytes(encode(draw(frame.image, poses), suffix))
        folder = self.place.out / FOLDER
        if not self.wrote:
            folder.mkdir()
            self.wrote = True
        os.replace(partial, folder / name)

    def close(self, complete: bool) -> None:
        if self.wrote:
            self.place.files.append(self.place.out / FOLDER)
        else:
            self.place.notes.append(
                "there was no picture for the format 'images'; videos are "
                "drawn by the format 'video'")
