# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""SLEAP's .slp and .pkg.slp, through sleap-io."""
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import cv2
import numpy as np

from .extra import need
from .images import Video
from .locate import Finder, normalise, parts_of
from .records import Instance, Labels, LabelsError, Picture

NOT_VISIBLE = ('keypoints marked as not visible, which SLEAP does not train '
               'on either')


def read_slp(path: Path, category: Optional[str],
             images: Optional[Path]) -> Labels:
    """Read a file of labels.

    Args:
        path: The file; pictures may be inside.
        category: Name of the skeleton to take; None if one is in use.
        images: Where else videos and pictures may be.

    Raises:
        LabelsError: If it cannot be read.
    """
    sleap_io = need('sleap_io', path)
    try:
        source = sleap_io.load_slp(str(path), open_videos=embedded(path))
    # A foreign file may fail anywhere in the library.
    except Exception as error:
        raise LabelsError(f'{path} is no SLEAP file that sleap-io '
                          f'{sleap_io.__version__} reads '
                          f'({type(error).__name__}: {error})')
    skeleton = choose(source, path, category)
    labels = Labels('SLEAP', list(skeleton.node_names),
                    [tuple(map(int, pair)) for pair in skeleton.edge_inds],
                    [], files=[path],
                    pairs=[tuple(map(int, pair))
                           for pair in skeleton.symmetry_inds])
    if skeleton.name and not skeleton.name.lower().startswith('skeleton'):
        labels.category = skeleton.name
    videos = dict(zip(map(id, source.videos),
                      open_videos(source.videos, path, images)))
    pictures: Dict[Tuple[int, int], Picture] = {}
    places = {id(video): i for i, video in enumerate(source.videos)}
    # In the order of the videos, which are read from front to back.
    for frame in sorted(source.labeled_frames, key=lambda one: (
            places[id(one.video)], int(one.frame_idx))):
        video, picture_of = videos[id(frame.video)]
        index = int(frame.frame_idx)
        # A file that was merged may hold a frame twice.
        picture = pictures.setdefault((places[id(frame.video)], index),
                                      picture_of(index))
        picture.video, picture.frame_index = video, index
        users = frame.user_instances
        labels.skipped['predicted instances, which nobody labelled'] += (
            len(frame.instances) - len(users))
        labels.skipped['instances of another skeleton'] += sum(
            one.skeleton is not skeleton for one in users)
        picture.instances += [instance(one, labels) for one in users
                              if one.skeleton is skeleton]
    labels.pictures = list(pictures.values())
    return labels


def choose(source: Any, path: Path, category: Optional[str]) -> Any:
    """The skeleton of the instances, or the one of a name."""
    used = [skeleton for skeleton in source.skeletons
            if any(one.skeleton is skeleton
                   for frame in source.labeled_frames
                   for one in frame.user_instances)]
    if category is not None:
        used = [one for one in used if str(one.name) == category]
    if len(used) == 1:
        return used[0]
    names = ', '.join(repr(str(one.name)) for one in source.skeletons)
    if category is not None:
        raise LabelsError(f'{path} has {len(used)} labelled skeletons called '
                          f'{category!r}; its skeletons are {names}')
    if not used:
        raise LabelsError(f'{path} has no instances that somebody labelled')
    raise LabelsError(f'{path} has labels of {len(used)} skeletons; name one '
                      f'of {names} with --category')


def embedded(path: Path) -> bool:
    """Whether all pictures are in the file, so that sleap-io may open them:
    it follows addresses of the web, and those of a stranger's file are not
    to be followed. Nor need videos be opened by it."""
    h5py = need('h5py', path)
    with h5py.File(path, 'r') as file:
        found: List[str] = []
        file.visititems(lambda name, one: found.extend(
            str(value) for value in one.attrs.values()))
        videos = [text(value) for value in file['videos_json'][()]]
    return not any('://' in one for one in found + videos) and all(
        '"."' in one for one in videos)


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def instance(one: Any, labels: Labels) -> Instance:
    """An instance of sleap-io as ours."""
    places = np.array(one.points['xy'], float)
    labelled = np.isfinite(places).all(1)
    visible = np.array(one.points['visible'], bool)
    labels.skipped[NOT_VISIBLE] += int((labelled & ~visible).sum())
    name = getattr(one.track, 'name', None)
    return Instance(
        np.column_stack((places, 2. * (labelled & visible))),
        name=None if name is None else str(name))


def open_videos(videos: list, path: Path, images: Optional[Path]
                ) -> List[Tuple[str, Callable[[int], Picture]]]:
    """Name of each video, short and its own, and what gives its frames."""
    names = []
    for video in videos:
        source = video.source_video or video
        name = source.filename
        if isinstance(name, list):
            name = normalise(name[0]).rsplit('/', 1)[0] if name else 'frames'
        names.append(name)
    files = [name for video in videos if isinstance(video.filename, list)
             for name in video.filename]
    roots = [] if images is None else [images]
    roots += list(path.absolute().parents)[:2]
    roots += [root / 'videos' for root in roots]
    finder, in_folder = Finder(names, roots), Finder(files, roots)
    opened = []
    for video, name in zip(videos, names):
        short = '/'.join(parts_of(name)[-finder.shortest:]) or 'video'
        if len(parts_of(name)) and not isinstance(video.filename, list):
            short = short.rsplit('.', 1)[0]
        if 'crop' in (video.backend_metadata or {}):
            raise LabelsError(f'{path}: {short} is a crop of a video; export '
                              'the labels with pictures, as .pkg.slp')
        if isinstance(video.filename, list):
            give = partial(listed, [
                (one, in_folder.find(one)) for one in video.filename])
        elif video.backend is not None or video.filename == str(path):
            give = partial(inside, video, short)
        else:
            found = finder.find(name)
            give = partial(extracted, found and Video(found), short)
        opened.append((short, give))
    return opened


def listed(files: List[Tuple[str, Optional[Path]]], index: int) -> Picture:
    """A frame that is a file."""
    name, found = files[index]
    return Picture('/'.join(parts_of(name)), [], path=found)


def extracted(video: Optional[Video], short: str, index: int) -> Picture:
    """A frame of a video file."""
    picture = Picture(f'{short}/{index:06d}.png', [])
    if video is not None:
        picture.frame = partial(video.frame, index)
    return picture


def inside(video: Any, short: str, index: int) -> Picture:
    """A frame within the file of labels."""
    return Picture(f'{short}/{index:06d}.png', [],
                   frame=partial(decode, video, index))


def decode(video: Any, index: int) -> Optional[np.ndarray]:
    """A picture of sleap-io, shape (h, w, 3), BGR; None if there is none."""
    try:
        if video.backend is None:
            video.open()
        frame = np.asarray(video[index])
    except (OSError, KeyError, IndexError, ValueError, cv2.error):
        return None
    if frame.ndim != 3 or frame.dtype != np.uint8:
        return None
    if frame.shape[2] == 1:
        return cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
    return cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
