# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, List, Optional

import numpy as np
from mmengine.config import Config

from .finding import Finding

REQUIRED = ('dataset_name', 'keypoint_info', 'skeleton_info', 'joint_weights',
            'sigmas')


def check_raw_metainfo(metainfo: Optional[dict]) -> List[Finding]:
    """Check a metainfo that MMPose cannot parse.

    Args:
        metainfo: Of a dataset's config; None for that of its class.

    Returns:
        What stops MMPose; none where something else does.
    """
    if metainfo is None:
        return []
    where = "the dataset's metainfo"
    if isinstance(metainfo, dict) and 'from_file' in metainfo:
        where = f"metainfo {metainfo['from_file']}"
        try:
            metainfo = Config.fromfile(
                metainfo['from_file']).get('dataset_info')
        except Exception:  # of whatever the text leads to, which says so
            return []
    fault = fault_of(metainfo)
    return [Finding('metainfo', where, fault)] if fault else []


def fault_of(metainfo: Any) -> Optional[str]:
    """Say what of a metainfo MMPose cannot read."""
    if not isinstance(metainfo, dict):
        return 'there is no dictionary dataset_info'
    lacking = [key for key in REQUIRED if key not in metainfo]
    if lacking:
        return (f'it lacks {", ".join(lacking)}; MMPose reads '
                f'{", ".join(REQUIRED)}, of which the last three may be empty')
    keypoints, links = metainfo['keypoint_info'], metainfo['skeleton_info']
    if not isinstance(keypoints, dict) or not isinstance(links, dict):
        return ('keypoint_info and skeleton_info are dictionaries, of '
                'keypoints and of links by number')
    for number, keypoint in keypoints.items():
        if not isinstance(keypoint, dict) or 'name' not in keypoint:
            return f'keypoint_info[{number!r}] has no name'
    names = [keypoint['name'] for keypoint in keypoints.values()]
    for keypoint in keypoints.values():
        if keypoint.get('swap', '') not in ('', *names):
            return (f"keypoint '{keypoint['name']}' has "
                    f"swap='{keypoint['swap']}', which is none of {names}; "
                    "write '' for a keypoint without side")
    for number, link in links.items():
        ends = link.get('link', ()) if isinstance(link, dict) else ()
        if len(ends) != 2 or not set(ends) <= set(names):
            return (f'skeleton_info[{number!r}] is {link!r}, whose link has '
                    f'to name two of {names}')
    for key in 'joint_weights', 'sigmas':
        try:
            np.array(metainfo[key], dtype=np.float32)
        except (TypeError, ValueError):
            return f'{key} is {metainfo[key]!r}, no list of numbers'
    return None
