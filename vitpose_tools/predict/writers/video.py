# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from fractions import Fraction
from typing import Any, Iterator, List, Optional

import cv2
import numpy as np

from vitpose_tools.extras import need
from ..draw import draw
from ..frame import Frame
from ..poses import Poses
from .place import Place, WritersError

# What takes H.264 and the sound of a source with the same ending; Matroska
# takes the rest.
CONTAINERS = ('.mp4', '.m4v', '.mov', '.mkv')
# Frames per second of a source that states none.
FPS = 30


class VideoWriter:
    """VIDEO.mp4 and the like: each video drawn, H.264 of its size and frames
    per second, its sound copied.

    Args:
        place: Where.

    Raises:
        MissingPackage: If PyAV is not installed.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.av = need('av', 'Videos are written')
        self.film: Optional[Film] = None
        self.wrote = False

    def write(self, frame: Frame, poses: Poses) -> None:
        if frame.index is None:
            return
        if self.film is not None and self.film.source != frame.source:
            done, self.film = self.film, None
            done.close(complete=True)
        if self.film is None:
            self.film = Film(self.av, self.place, frame)
            self.wrote = True
        self.film.write(draw(frame.image, poses), frame.index)

    def close(self, complete: bool) -> None:
        if self.film is not None:
            self.film.close(complete)
        elif not self.wrote:
            self.place.notes.append(
                "there was no video for the format 'video'; pictures are "
                "drawn by the format 'images'")


class Film:
    """A video that is being written.

    Args:
        av: PyAV.
        place: Where.
        frame: The first of the source.

    Raises:
        WritersError: If FFmpeg refuses.
    """

    def __init__(self, av: Any, place: Place, frame: Frame) -> None:
        self.av, self.place, self.source = av, place, frame.source
        suffix = os.path.splitext(frame.source)[1].lower()
        suffix = suffix if suffix in CONTAINERS else '.mkv'
        self.name = place.free_name(frame.source, suffix)
        self.path = place.work / self.name
        if not frame.fps:
            place.notes.append(f'{frame.source} states no frames per second; '
                               f'it is drawn at {FPS}')
        # 29.97 is 30000 / 1001.
        self.rate = Fraction(frame.fps or FPS).limit_denominator(1001)
        self.size = frame.image.shape[1::-1]
        self.told = False
        try:
            self.sound = Sound(av, frame.source)
        except (av.FFmpegError, OSError) as error:
            self.sound = None
            if os.path.isfile(frame.source):
                place.notes.append(f'the sound of {frame.source} was not '
                                   f'kept: {error}')
        try:
            self.file = av.open(str(self.path), 'w')
            self.stream = self.open_stream()
            if self.sound is not None:
                self.sound.join(self.file)
            self.file.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            raise self.failure(error) from error

    def open_stream(self) -> Any:
        """The stream of pictures."""
        codec = 'libx264' if 'libx264' in self.av.codecs_available else \
            'mpeg4'
        stream = self.file.add_stream(codec, rate=self.rate)
        stream.width, stream.height = self.size
        # Colour of half the resolution needs even sizes.
        odd = self.size[0] % 2 or self.size[1] % 2
        stream.pix_fmt = 'yuv444p' if odd else 'yuv420p'
        if codec == 'libx264':
            stream.options = dict(preset='veryfast', crf='20')
        stream.time_base = 1 / self.rate
        return stream

    def failure(self, error: Exception) -> WritersError:
        return WritersError(f'{self.place.out / self.name} was not written: '
                            f'{error}')

    def write(self, image: np.ndarray, index: int) -> None:
        """Write a frame.

        Args:
            image: BGR, shape (h, w, 3).
            index: In the source.
        """
        if image.shape[1::-1] != self.size:
            image = self.fit(image, index)
        frame = self.av.VideoFrame.from_ndarray(image, format='bgr24')
        offset = 0 if self.sound is None else round(
            self.sound.start * self.rate)
        frame.pts = index + offset
        frame.time_base = 1 / self.rate
        try:
            for packet in self.stream.encode(frame):
                self.file.mux(packet)
            if self.sound is not None:
                self.sound.copy(self.file, float((frame.pts + 1) / self.rate))
        except self.av.FFmpegError as error:
            raise self.failure(error) from error

    def fit(self, image: np.ndarray, index: int) -> np.ndarray:
        """Scale a frame of another size into the first's, on black."""
        w, h = self.size
        if not self.told:
            self.told = True
            self.place.notes.append(
                f'{self.source}: frame {index} is {image.shape[1]}x'
                f'{image.shape[0]} where the first is {w}x{h}; such frames '
                'are scaled in the drawn video, not in the other results')
        scale = min(w / image.shape[1], h / image.shape[0])
        inner = cv2.resize(image, (
            max(1, round(image.shape[1] * scale)),
            max(1, round(image.shape[0] * scale))))
        canvas = np.zeros((h, w, 3), np.uint8)
        y, x = (h - inner.shape[0]) // 2, (w - inner.shape[1]) // 2
        canvas[y:y + inner.shape[0], x:x + inner.shape[1]] = inner
        return canvas

    def close(self, complete: bool) -> None:
        """Complete the file.

        Args:
            complete: Whether all frames came; else the sound ends with them.
        """
        try:
            for packet in self.stream.encode():
                self.file.mux(packet)
            if self.sound is not None:
                if complete:
                    self.sound.copy(self.file, float('inf'))
                self.sound.close()
            self.file.close()
        except self.av.FFmpegError as error:
            raise self.failure(error) from error
        self.place.finish(self.path, self.name)


class Sound:
    """The packets of a source's sound.

    Args:
        av: PyAV.
        source: A file; anything else has no sound.

    Raises:
        OSError: If it cannot be opened.
    """

    def __init__(self, av: Any, source: str) -> None:
        if not os.path.isfile(source):
            raise FileNotFoundError(source)
        self.file = av.open(source)
        self.streams: List[Any] = list(self.file.streams.audio)
        video = self.file.streams.video[0]
        # Seconds at which the pictures begin.
        self.start = max(Fraction(0), (video.start_time or 0)
                         * video.time_base)
        self.packets = self.read() if self.streams else iter(())
        self.next: Any = None

    def read(self) -> Iterator[Any]:
        """Packets in order, without the last, which is empty."""
        for packet in self.file.demux(self.streams):
            if packet.dts is not None:
                yield packet

    def join(self, target: Any) -> None:
        """Add the same streams to a file."""
        self.targets = {one.index: target.add_stream_from_template(one)
                        for one in self.streams}

    def copy(self, target: Any, until: float) -> None:
        """Copy packets that begin before ``until`` seconds."""
        while True:
            if self.next is None:
                self.next = next(self.packets, None)
            if self.next is None or \
                    self.next.dts * self.next.time_base >= until:
                return
            packet, self.next = self.next, None
            packet.stream = self.targets[packet.stream.index]
            target.mux(packet)

    def close(self) -> None:
        self.file.close()
