# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import Counter
from pathlib import Path
from typing import List

import mmpose
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_mm.datasets.checks import ERROR, NOTE, Finding
from .flip_pairs import guess_flip_pairs

OWN = Path(mmpose.__file__).parent / '.mim/configs/_base_/datasets'


class MetainfoError(ValueError):
    """A metainfo that cannot be read; the text says why."""


def read_metainfo(name: str) -> dict:
    """Read what MMPose knows of a dataset's keypoints.

    Args:
        name: Of a dataset of MMPose, such as 'coco', or the path of a file
            with ``dataset_info``.

    Returns:
        As MMPose's datasets hold it.

    Raises:
        MetainfoError: If there is none, or a part of it is missing.
    """
    path = Path(name)
    if path.suffix != '.py':
        path = OWN / f'{name}.py'
        if not path.is_file():
            raise MetainfoError(
                f'MMPose has no metainfo of a dataset {name!r}; it has '
                f'{", ".join(sorted(file.stem for file in OWN.glob("*.py")))}'
                '. Or name a file: METAINFO.py')
    if not path.is_file():
        raise MetainfoError(f'there is no metainfo file {path}')
    try:
        return parse_pose_metainfo(dict(from_file=str(path)))
    except Exception as error:  # whatever a file of Python code leads to
        said = f'{type(error).__name__}: {error}'
        if isinstance(error, KeyError):
            said = (f'{error} is no name of a keypoint, but a swap or a link '
                    'names it')
        raise MetainfoError(f'cannot read metainfo {path}: {said}') from error


def metainfo_of(content: dict, file: str) -> dict:
    """Make a metainfo of what an annotation file says of its keypoints.

    Args:
        content: What the file holds.
        file: Its path.

    Returns:
        As MMPose's datasets hold it; pairs are those that the names tell.
    """
    names = names_of(content)
    partners = {i: j for pair in guess_flip_pairs(names).pairs
                for i, j in (pair, pair[::-1])}
    return parse_pose_metainfo(
        dict(
            dataset_name=f'the categories of {file}',
            keypoint_info={
                i: dict(name=name, id=i, color=[255, 128, 0], type='',
                        swap=names[partners[i]] if i in partners else '')
                for i, name in enumerate(names)
            },
            skeleton_info={},
            joint_weights=[1.] * len(names),
            sigmas=[0.05] * len(names)))


def names_of(content: dict) -> List[str]:
    """Names of the keypoints, by number where the file has none."""
    lengths = Counter(
        len(ann['keypoints']) // 3 for ann in content['annotations']
        if isinstance(ann.get('keypoints'), list) and ann['keypoints'])
    common = lengths.most_common(1)[0][0] if lengths else 0
    for names in category_names(content):
        if len(names) == common or not common:
            return names
    return [f'keypoint {number}' for number in range(1, common + 1)]


def category_names(content: dict) -> List[List[str]]:
    """Names of keypoints of each category that has usable ones."""
    categories = content.get('categories')
    found = [entry.get('keypoints')
             for entry in (categories if isinstance(categories, list) else ())
             if isinstance(entry, dict)]
    return [names for names in found
            if isinstance(names, list) and names
            and all(isinstance(name, str) for name in names)
            and len(set(names)) == len(names)]


def compare_names(content: dict, metainfo: dict, file: str) -> List[Finding]:
    """Compare names and order of keypoints in a file and a metainfo."""
    wanted = [plain(metainfo['keypoint_id2name'][i])
              for i in range(metainfo['num_keypoints'])]
    for names in category_names(content):
        given = [plain(name) for name in names]
        if given == wanted or len(given) != len(wanted):
            continue
        row = next(i for i in range(len(given)) if given[i] != wanted[i])
        same = set(given) == set(wanted)
        said = 'have another order' if same else 'have other names'
        return [
            Finding(
                'keypoint-order' if same else 'keypoint-names', file,
                f"keypoints of its categories {said} than in the metainfo of "
                f"{metainfo['dataset_name']} (for example number {row + 1} is "
                f"'{names[row]}', not "
                f"'{metainfo['keypoint_id2name'][row]}')",
                'they would be taken for one another; take the metainfo of '
                'this file, or reorder its keypoints' if same else
                'see that they mean the same in the same order',
                ERROR if same else NOTE,
                sum(one != other for one, other in zip(given, wanted)),
                len(wanted))
        ]
    return []


def plain(name: str) -> str:
    return name.lower().replace(' ', '_').replace('-', '_')
