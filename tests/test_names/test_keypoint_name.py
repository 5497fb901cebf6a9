# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest
from metainfo_files import FILES, parsed_names, skeleton

from vitpose_mm.names import KeypointName, keypoint_names, parse_name

# Metainfo files that swap nothing in mirror images: horses are shown from one
# side, and the file of 300W-LP says so of faces too.
SWAP_NOTHING = ('horse10', '300wlp')


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_each_metainfo_has_names_that_differ_and_mirror_as_it_flips(file):
    dataset, names, flip_indices = skeleton(file)
    parsed = keypoint_names(names, dataset)
    assert len(set(parsed)) == len(names)
    for name, other in zip(parsed, flip_indices):
        if not name.origin and dataset not in SWAP_NOTHING:
            assert parsed[other] == name.mirrored
        assert str(name) == str(name).lower()


def test_no_side_or_number_is_left_in_a_part():
    words = {'left', 'right', 'l', 'r', 'near', 'off', 'hind', 'kpt'}
    for dataset, name, parsed in parsed_names():
        said = set(parsed.part.split())
        assert parsed.origin or not said & words, (dataset, name)
        assert parsed.origin or not any(map(str.isdigit, said)), name


@pytest.mark.parametrize('written', [
    ('coco', 'left_knee'), ('ap10k', 'L_Knee'), ('Animal Kingdom',
                                                 'Knee_Left'),
    (None, 'left knee'), (None, 'Left Knee'), (None, 'knee left'),
    (None, 'kneeL')])
def test_one_joint_has_one_name_however_it_is_written(written):
    dataset, name = written
    assert parse_name(name, dataset) == KeypointName('knee', 'left')


@pytest.mark.parametrize(('dataset', 'name', 'meant'), [
    ('ap10k', 'L_F_Paw', 'left front paw'),
    ('ap10k', 'R_B_Paw', 'right hind paw'),
    ('atrw', 'left_back_paw', 'left hind paw'),
    ('ap10k', 'Root of tail', 'tail base'),
    ('animalpose', 'TailBase', 'tail base'),
    ('zebra', 'tailbase', 'tail base'),
    ('mpii', 'upper_neck', 'neck'),
    ('posetrack18', 'head_bottom', 'neck'),
    ('crowdpose', 'top_head', 'head top'),
    ('aic', 'head_top', 'head top'),
    ('h36m', 'right_foot', 'right ankle'),
    ('halpe26', 'hip', 'pelvis'),
    ('panoptic_pose_3d', 'mid_hip', 'pelvis'),
    ('horse10', 'Offhindhock', 'right hind hock'),
    ('fly', 'midlegR2', 'right middle second leg joint'),
    ('locust', 'anttipL', 'left antenna tip'),
    ('ubody3d', 'R_Index_4', 'right index finger tip'),
    ('coco_wholebody', 'right_forefinger4', 'right index finger tip'),
    ('coco_wholebody', 'face-36', 'right eye outer corner'),
    ('300w', 'kpt-36', 'right eye outer corner'),
    ('wflw', 'kpt-36', 'point 36 of wflw'),
    ('deepfashion2', 'sss_kpt1', 'sss point 1 of deepfashion2'),
    (None, 'mouth front top', 'mouth front top'),
    (None, 'lower back', 'lower back')])
def test_what_datasets_say_differently_becomes_one_name(dataset, name, meant):
    assert str(parse_name(name, dataset)) == meant


def test_numbers_of_other_datasets_are_no_names():
    assert parse_name('kpt-3', 'wflw') != parse_name('kpt-3', 'lapa')
    with pytest.raises(ValueError, match='kpt-3.*no part'):
        parse_name('kpt-3')


@pytest.mark.parametrize('name', ['', '__', '12', '-', 'left', 'R'])
def test_a_name_without_a_part_is_refused(name):
    with pytest.raises(ValueError, match='names no part'):
        parse_name(name)


def test_two_keypoints_of_one_meaning_are_refused():
    with pytest.raises(ValueError, match="'left_knee' and 'L Knee' both mean"):
        keypoint_names(['left_knee', 'nose', 'L Knee'])


def test_names_are_what_json_can_hold():
    assert json.loads(json.dumps(parse_name('left_knee'))) == [
        'knee', 'left', '', '']
