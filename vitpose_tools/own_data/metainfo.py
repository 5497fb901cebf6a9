# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import colorsys
from typing import List, Tuple

from vitpose_tools.data_check.flip_pairs import FlipPairs
from .labels import OwnLabels
from .skeleton import spanning_tree

# Of every keypoint; COCO's lie between 0.025 (nose) and 0.107 (hip). How far
# two people's labels differ cannot be told from one person's.
SIGMA = 0.05
# MMPose's colours of the left, the right and the middle, RGB.
LEFT, RIGHT, MIDDLE = (0, 255, 0), (255, 128, 0), (51, 153, 255)

TEXT = '''\
# {title}, read by MMPose's datasets. Yours to edit: correct the pairs of
# 'swap' first, they decide whether mirrored pictures train or mislead.
dataset_info = dict(
    dataset_name={name!r},
    paper_info=dict(),
    # 'swap' is the keypoint that takes this one's place in a mirrored
    # picture; {pairs}.
    keypoint_info={{
{keypoints}
    }},
    # {links}.
    skeleton_info={{
{skeleton}
    }},
    joint_weights=[1.] * {number},
    # How far the labels of two people would differ, which OKS and AP are
    # measured by, as a share of the square root of the area. Not known here:
    # {sigma} for each; COCO's lie between 0.025 (nose) and 0.107 (hip).
    sigmas=[{sigma}] * {number})
'''


def write_metainfo(labels: OwnLabels, flips: FlipPairs, name: str) -> str:
    """Text of a metainfo file for MMPose.

    Args:
        labels: Keypoints, and their links; without any, the minimum spanning
            tree of the mean pose.
        flips: What changes places in a mirrored picture.
        name: Of the dataset.
    """
    partner = {i: j for pair in flips.pairs for i, j in (pair, pair[::-1])}
    links = labels.links or spanning_tree(labels.keypoints)
    colors = choose_colors(len(labels.names), flips.pairs)
    swaps = [labels.names[partner[i]] if i in partner else ''
             for i in range(len(labels.names))]
    keypoints = [
        f'        {i}: dict(\n            name={point!r}, id={i}, '
        f'color={list(colors[i])}, type=\'\',\n            swap='
        f'{swaps[i]!r}),'
        for i, point in enumerate(labels.names)
    ]
    skeleton = [
        f'        {n}: dict(\n            link='
        f'{(labels.names[i], labels.names[j])!r}, id={n},\n'
        f'            color={list(colors[j])}),'
        for n, (i, j) in enumerate(links)
    ]
    return TEXT.format(
        title=f'Keypoints of {labels.category!r}', name=name,
        pairs=f'{len(flips.pairs)} pairs are those of the labels'
        if labels.pairs else
        f'{len(flips.pairs)} pairs were guessed from the names'
        if flips.pairs else 'none was found in the names',
        keypoints='\n'.join(keypoints), skeleton='\n'.join(skeleton),
        links='The skeleton of the labels' if labels.links else
        'Keypoints that are near each other on average',
        number=len(labels.names), sigma=SIGMA)


def choose_colors(number: int, pairs: List[Tuple[int, int]]
                  ) -> List[Tuple[int, int, int]]:
    """RGB of each keypoint: by side where there are pairs, else a rainbow."""
    if pairs:
        left, right = {i for i, _ in pairs}, {j for _, j in pairs}
        return [LEFT if i in left else RIGHT if i in right else MIDDLE
                for i in range(number)]
    return [tuple(round(255 * value) for value in
                  colorsys.hsv_to_rgb(i / number, 0.8, 1.))
            for i in range(number)]
