# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from pathlib import Path

import mmpose
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_tools.data_check.flip_pairs import guess_flip_pairs

METAINFOS = sorted(
    Path(mmpose.__file__).parent.glob('.mim/configs/_base_/datasets/*.py'))


@pytest.mark.parametrize('names, pairs', [
    (['left_hip', 'nose', 'right_hip'], [(0, 2)]),
    (['hip-right', 'hip-left'], [(0, 1)]),
    (['Left Shoulder', 'Right Shoulder'], [(0, 1)]),
    (['LHip', 'RHip', 'Head'], [(0, 1)]),
    (['hipLeft', 'hipRight'], [(0, 1)]),
    (['hip_L', 'hip_R'], [(0, 1)]),
    (['l_hip', 'r_hip', 'tail'], [(0, 1)]),
    (['lhip', 'rhip'], [(0, 1)]),
    (['hipl', 'hipr'], [(0, 1)]),
    (['1LH', '1RH', '2LF', '2RF'], [(0, 1), (2, 3)]),
    (['paw1LH', 'paw2LF', 'paw3RF', 'paw4RH'], [(0, 3), (1, 2)]),
    (['FL', 'FR', 'HL', 'HR'], [(0, 1), (2, 3)]),
    (['L_F_Paw', 'R_F_Paw', 'L_B_Paw', 'R_B_Paw'], [(0, 1), (2, 3)]),
    (['left_toe1', 'right_toe2', 'left_toe2', 'right_toe1'],
     [(0, 3), (1, 2)]),
    (['Hanche gauche', 'Hanche droite', 'nez'], [(0, 1)]),
    (['linkes Knie', 'rechtes Knie'], [(0, 1)]),
    (['rodilla_izquierda', 'rodilla_derecha'], [(0, 1)]),
    (['左肩', '右肩', '鼻'], [(0, 1)]),
    (['левый_глаз', 'правый_глаз'], [(0, 1)]),
])
def test_pairs_in_the_styles_that_people_write(names, pairs):
    found = guess_flip_pairs(names)

    assert found.pairs == pairs
    assert found.known


@pytest.mark.parametrize('names', [
    ['nose', 'tail'], ['ear', 'rear', 'leg'], ['1', '2', '3'], ['tail_tip'],
    ['a', 'b', 'c'], ['corner 1', 'corner 2']
])
def test_names_without_sides_have_no_pairs(names):
    found = guess_flip_pairs(names)

    assert not found.pairs and not found.known


def test_a_side_without_its_other_is_told():
    found = guess_flip_pairs(['left_eye', 'right_eye', 'left_ear'])

    assert found.pairs == [(0, 1)]
    assert found.alone == ['left_ear']
    assert not found.known


@pytest.mark.parametrize('path', METAINFOS, ids=lambda path: path.stem)
def test_pairs_are_those_of_mmpose(path):
    """The authors of datasets wrote their pairs down; names of faces and
    clothes are numbers, which tell nothing."""
    metainfo = parse_pose_metainfo(dict(from_file=str(path)))
    names = list(metainfo['keypoint_id2name'].values())
    pairs = [(i, j) for i, j in enumerate(metainfo['flip_indices']) if i < j]

    found = guess_flip_pairs(names)

    assert found.pairs == pairs or not found.known
    assert set(found.pairs) <= set(pairs)
    missed = {names[i] for pair in set(pairs) - set(found.pairs)
              for i in pair}
    assert all(re.search(r'\d', name) for name in missed)


def test_most_of_mmpose_is_found_whole():
    whole = 0
    for path in METAINFOS:
        metainfo = parse_pose_metainfo(dict(from_file=str(path)))
        order = metainfo['flip_indices']
        names = list(metainfo['keypoint_id2name'].values())
        whole += guess_flip_pairs(names).pairs == [
            (i, j) for i, j in enumerate(order) if i < j]
    assert whole > 0.7 * len(METAINFOS)
