# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Labels of DeepLabCut and Lightning Pose: tables and project folders.

sleap-io reads such CSV files too, but it sorts the body parts by name, reads
no h5, and where pictures are missing it takes others in their place.
"""
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np

from .dlc_table import SUFFIXES, Table, read_table
from .locate import Finder, frame_number, parts_of
from .records import Instance, Labels, LabelsError, Picture
from .text import read_yaml

CONFIG, FOLDER = 'config.yaml', 'labeled-data'
# DeepLabCut's name for the owner of body parts that are no animal's.
UNIQUE = 'single'


def is_project(folder: Path) -> bool:
    """Whether a folder is a project of DeepLabCut."""
    return (folder / CONFIG).is_file() and (folder / FOLDER).is_dir()


def read_project(folder: Path, images: Optional[Path]) -> Labels:
    """Read all labels of a project.

    Args:
        folder: Holds config.yaml and labeled-data.
        images: Where else the pictures may be.

    Raises:
        LabelsError: If it has none.
    """
    config = read_yaml(folder / CONFIG)
    tables = [choose(video, str(config.get('scorer')))
              for video in sorted((folder / FOLDER).iterdir())
              if video.is_dir()]
    tables = [path for path in tables if path is not None]
    if not tables:
        raise LabelsError(
            f'no folder of {folder / FOLDER} has a CollectedData table; label '
            'frames in DeepLabCut first')
    return read_tables(tables, folder / CONFIG, images)


def choose(folder: Path, scorer: str) -> Optional[Path]:
    """The table of a folder: the scorer's, or else the only one; of CSV and
    h5 of one name, which hold the same, the CSV."""
    tables = {path.stem: path for suffix in reversed(SUFFIXES)
              for path in sorted(folder.glob(f'CollectedData*{suffix}'))}
    if f'CollectedData_{scorer}' in tables:
        return tables[f'CollectedData_{scorer}']
    if len(tables) > 1:
        raise LabelsError(
            f'{folder} has labels of several scorers ({", ".join(tables)}), '
            f'none of them {scorer!r}, the scorer of {CONFIG}; correct it')
    return next(iter(tables.values()), None)


def read_file(path: Path, images: Optional[Path]) -> Labels:
    """Read one table; config.yaml of the project around it gives the
    skeleton.

    Raises:
        LabelsError: If it holds no labels.
    """
    for folder in list(path.absolute().parents)[:3]:
        if (folder / CONFIG).is_file():
            return read_tables([path], folder / CONFIG, images)
    return read_tables([path], None, images)


def read_tables(paths: List[Path], config_file: Optional[Path],
                images: Optional[Path]) -> Labels:
    """Read tables whose body parts are the same or complete each other."""
    config = {} if config_file is None else read_yaml(config_file)
    tables = {path: read_table(path) for path in paths}
    labels = Labels('DeepLabCut', [], [], [], files=list(paths))
    labels.files += [] if config_file is None else [config_file]
    labels.keypoints = body_parts(list(tables.values()), config)
    labels.skeleton = edges(labels, config)
    for path, table in tables.items():
        roots = [] if images is None else [images]
        roots += list(path.absolute().parents)[:3]
        finder = Finder([name for name, _ in table.rows], roots)
        seen = set()
        for name, values in table.rows:
            if name in seen:
                labels.skipped['rows of a picture that came before'] += 1
                continue
            seen.add(name)
            labels.pictures.append(
                picture(name, table, values, labels, finder))
    return labels


def owners(table: Table) -> List[Optional[str]]:
    """The individuals of a table; unique body parts only if there is nothing
    else."""
    names = list(dict.fromkeys(owner for owner, _, _ in table.columns))
    return [name for name in names if name != UNIQUE] or names


def body_parts(tables: List[Table], config: dict) -> List[str]:
    """Names in the order of the configuration, then of the tables."""
    found = dict.fromkeys(
        part for table in tables for owner, part, _ in table.columns
        if owner in owners(table))
    order: List[str] = []
    for key in ('multianimalbodyparts', 'bodyparts'):
        if isinstance(config.get(key), list):
            order += map(str, config[key])
    return [name for name in dict.fromkeys(order) if name in found] + [
        name for name in found if name not in order]


def edges(labels: Labels, config: dict) -> List[Tuple[int, int]]:
    """The configuration's skeleton as indices."""
    index = {name: i for i, name in enumerate(labels.keypoints)}
    pairs = []
    for pair in config.get('skeleton') or []:
        if isinstance(pair, list) and len(pair) == 2 and all(
                str(name) in index for name in pair):
            pairs.append((index[str(pair[0])], index[str(pair[1])]))
        else:
            labels.skipped['bones between unknown body parts'] += 1
    return pairs


def picture(name: str, table: Table, values: np.ndarray, labels: Labels,
            finder: Finder) -> Picture:
    """One row as a picture."""
    index = {part: i for i, part in enumerate(labels.keypoints)}
    animals: Dict[Optional[str], np.ndarray] = {
        owner: np.zeros((len(index), 3)) for owner in owners(table)}
    for (owner, part, axis), value in zip(table.columns, values):
        if owner in animals:
            animals[owner][index[part], 'xy'.index(axis)] = value
        elif axis == 'x' and not np.isnan(value):
            labels.skipped['keypoints of unique body parts'] += 1
    for keypoints in animals.values():
        keypoints[:, 2] = 2 * np.isfinite(keypoints[:, :2]).all(1)
    parts = parts_of(name)
    video = parts[-2] if len(parts) > 1 and parts[-2] != FOLDER else None
    return Picture(
        name='/'.join(parts), path=finder.find(name), video=video,
        frame_index=None if video is None else frame_number(name),
        instances=[Instance(keypoints, name=owner)
                   for owner, keypoints in animals.items()
                   # An individual that is not in the picture is no instance.
                   if owner is None or keypoints[:, 2].any()])
