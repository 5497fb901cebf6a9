# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Iterable, Iterator, NamedTuple, Optional, Union

from .errors import PredictError
from .frame import Frame
from .images import as_image, read_image
from .sources import Missing, find_sources, is_array, is_live, is_video
from .videos import Video, VideoError, read_camera

# Images that are decoded at once, and that wait decoded.
READERS, WINDOW = min(4, os.cpu_count() or 1), 8
# A video of which less than this part of what it states can be read is named.
WHOLE = 0.95


class Unreadable(NamedTuple):
    """What could not be looked at, or not whole.

    Args:
        source: File, address or camera.
        reason: One sentence.
        frames: How many frames of it were looked at all the same.
    """

    source: str
    reason: str
    frames: int = 0


class Inputs:
    """Images and videos of any kind as frames, in order.

    Args:
        images: A path of an image, video or folder, a pattern such as
            'walk/*.jpg', 'camera:0'; an image in memory as as_image takes
            it; or a list or generator of any of these.
    """

    def __init__(self, images: Any) -> None:
        self.sources = find_sources(images)

    @property
    def is_single(self) -> bool:
        """Whether it is one image, not a list of one."""
        return self.sources.is_single

    @property
    def in_memory(self) -> bool:
        """Whether the caller has all images in memory already."""
        return self.sources.known is not None and all(
            is_array(source) for source in self.sources.known)

    def count(self) -> Optional[int]:
        """How many frames there are, as videos state; None if unknown."""
        if self.sources.known is None:
            return None
        total = 0
        for source in self.sources.known:
            if is_live(source):
                return None
            total += stated(source) if is_video(source) else 1
        return total

    def __iter__(self) -> Iterator[Union[Frame, Unreadable]]:
        waiting: 'deque[Future]' = deque()
        pool = ThreadPoolExecutor(READERS)
        try:
            for number, source in enumerate(self.sources):
                if isinstance(source, str) and not (
                        is_video(source) or is_live(source)):
                    waiting.append(pool.submit(read_file, source))
                    if len(waiting) > WINDOW:
                        yield waiting.popleft().result()
                    continue
                while waiting:
                    yield waiting.popleft().result()
                yield from read_other(source, number)
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            pool.shutdown()


def read_file(path: str) -> Union[Frame, Unreadable]:
    try:
        return Frame(read_image(path), path)
    except PredictError as error:
        return Unreadable(path, str(error))


def read_other(source: Any,
               number: int) -> Iterator[Union[Frame, Unreadable]]:
    """Frames of a video, a camera or of what is in memory."""
    if isinstance(source, Missing):
        yield Unreadable(source.source, source.reason)
    elif not isinstance(source, str):
        name = getattr(source, 'filename', None) or f'image {number}'
        try:
            yield Frame(as_image(source, name), name)
        except PredictError as error:
            yield Unreadable(name, str(error))
    else:
        index = -1
        try:
            video = Video(source) if is_video(source) else None
            frames = video.read() if video else read_camera(source)
            for index, image in frames:
                yield Frame(image, source, index, video and video.fps)
        except VideoError as error:
            yield Unreadable(source, str(error), index + 1)
            return
        if video and index + 1 < WHOLE * video.stated:
            yield Unreadable(
                source, f'{source} ends after {index + 1} of the '
                f'{video.stated} frames that it states; it is damaged or '
                'incomplete', index + 1)


def stated(path: str) -> int:
    try:
        return Video(path).stated
    except VideoError:
        return 1


def read_lines(lines: Iterable[str]) -> Iterator[str]:
    """Paths of a list, one a line."""
    for line in lines:
        path = line.rstrip('\r\n')
        if path:
            yield path
