# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import dataclasses
import json

import numpy as np
import pytest

from vitpose_tools.report import error_table
from vitpose_tools.report.numbers import count_up, histogram


def strict(numbers):
    """What a strict reader of JSON makes of it."""
    return json.loads(json.dumps(numbers, allow_nan=False))


def test_numbers_are_those_of_the_arrays(make_people):
    people = make_people()
    people.keypoints[2, 1] = people.labels[2, 1] + [0., 40.]
    people.labelled[0, 2] = False
    numbers = strict(count_up(people, 9))
    assert (numbers['people'], numbers['images']) == (4, 4)
    assert (numbers['labelled'], numbers['missing']) == (11, 1)
    assert numbers['box'] == 60
    # Ten keypoints are 3 pixels off, one is 40.
    assert numbers['error']['mean'] == pytest.approx(70 / 11)
    assert numbers['error']['median'] == pytest.approx(3)
    # 3 pixels are 0.05 of 60, and no nearer.
    assert numbers['pck'] == dict(threshold=0.05, mean=0.)
    second, third = numbers['keypoints'][1:]
    assert second['error']['mean'] == pytest.approx(49 / 4)
    assert (third['labelled'], third['missing']) == (3, 1)
    assert third['missing_confidence'] == pytest.approx(.9)
    assert third['confidence'] == pytest.approx(.88)
    assert [entry['annotation'] for entry in numbers['worst']] == [
        103, 101, 102, 104]
    assert numbers['worst'][0]['worst_keypoint'] == '<i>1'
    assert numbers['worst'][0]['part_of_box'] == pytest.approx(46 / 3 / 60)
    # Its confidence .88 is below the median .885 of four.
    assert numbers['disagreements'] == []
    missing, = numbers['unlabelled']
    assert (missing['annotation'], missing['keypoint']) == (101, '<i>2')


def test_a_disagreement_names_file_annotation_and_the_nearest_label(
        make_people):
    people = make_people()
    people.keypoints[0, 0] = people.labels[0, 2] + [1., 0.]
    entry, = count_up(people, 9)['disagreements']
    assert entry['file'] == people.files[0] and entry['annotation'] == 101
    assert entry['keypoint'] == '<i>0'
    assert entry['nearest_label'] == '<i>2'
    assert entry['error'] == pytest.approx(np.hypot(1, 10))
    assert entry['usual_error'] == pytest.approx(3)
    assert entry['label'] == [20., 20.] and entry['prediction'] == [21., 30.]


@pytest.mark.parametrize('case', ['nothing labelled', 'one keypoint',
                                  'no scores', 'no places'])
def test_unknown_numbers_are_none(make_people, case):
    people = make_people(keypoints=1 if case == 'one keypoint' else 3,
                         labelled=case != 'nothing labelled')
    if case == 'no scores':
        people.scores[:] = np.nan
    elif case == 'no places':
        people.keypoints[:] = np.nan
    numbers = strict(count_up(people, 9))
    known = case in ('one keypoint', 'no scores')
    assert (numbers['error']['mean'] is None) != known
    assert numbers['without_prediction'] == (12 if case == 'no places' else 0)
    # PCK of what has no place is nothing right, not unknown.
    assert (numbers['pck']['mean'] is None) == (case == 'nothing labelled')
    assert numbers['confidence']['separation'] is None
    rows = error_table(numbers).splitlines()
    assert len(rows) == 2 + len(numbers['keypoints'])
    assert ('-' in rows[-1].split()) or known


def test_the_table_ends_with_all_and_with_the_metrics(make_people):
    people = dataclasses.replace(make_people(), metrics={
        'coco/AP': .5, 'coco/AP .5': .9, 'coco/AP .75': .25, 'coco/AR': .6})
    heading, *rows, last, metrics = error_table(
        count_up(people, 9)).splitlines()
    assert heading.split()[:3] == ['keypoint', 'labelled', 'mean']
    assert [row.split()[0] for row in rows] == people.names
    assert last.split() == ['all', '12', '3.0', '3.0', '3.0', '0.000',
                            '0.89', '0', '-']
    assert metrics == 'AP 0.500, AP50 0.900, AP75 0.250'
    people = dataclasses.replace(people, metrics={'EPE': 3.5})
    assert error_table(count_up(people, 9)).endswith('\nEPE 3.500')


def test_a_histogram_holds_every_error_once():
    errors = np.array([[0.5, 1.5], [np.nan, 30.]])
    bars = histogram(np.concatenate([errors, np.full((300, 2), 1.)]))
    assert sum(bars['counts']) + bars['beyond'] == 603
    assert bars['beyond'] == 2 and len(bars['edges']) == 25
