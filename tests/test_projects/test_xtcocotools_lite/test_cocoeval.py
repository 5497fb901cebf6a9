# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
import json
import math

import numpy as np
import pytest

# Of each kind of treatment one; tests/ has not the time for all.
QUICK = ('queries', 'coco detector', 'coco segm', 'ap10k keypoints',
         'ochuman keypoints', 'aic', 'wholebody keypoints_foot',
         'wholebody keypoints_wholebody', 'equal', 'more than 20', 'no ',
         'crowd', 'some images')


@pytest.fixture(scope='module')
def recorded(lite_folder):
    """What the compiled xtcocotools gave."""
    file = lite_folder / 'compare' / 'results' / 'evaluation.json'
    return json.loads(file.read_text())['cases']


def compare(recorded, taken, name):
    """Figures to the 12th digit: other processors round exp otherwise."""
    expected = recorded[name]
    if taken.get('input') != expected.get('input'):
        pytest.skip('this NumPy draws other random numbers than the recorded')
    assert taken['stats'] == pytest.approx(expected['stats'], abs=1e-12), name


def test_quick_cases_have_the_figures_of_the_compiled_xtcocotools(
        comparison, made_up, recorded, real_data, tmp_path):
    names = [name for name in recorded if name.startswith(QUICK)]
    assert len(names) > 20
    for case in made_up.cases(real_data):
        if case.name in names:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr('warnings.warn', lambda *_, **__: None)
                taken = comparison.figures(case, tmp_path)
            compare(recorded, taken, case.name)


@pytest.mark.slow
def test_all_cases_have_the_figures_of_the_compiled_xtcocotools(
        comparison, recorded, real_data):
    taken = comparison.measure(real_data)
    assert list(taken) == list(recorded)
    for name in taken:
        compare(recorded, taken[name], name)


@pytest.fixture
def people(made_up):
    """Annotations of two categories and results near them."""
    rng = np.random.default_rng(0)
    annotations = made_up.made_up(rng, 20)
    return annotations, made_up.boxless(
        made_up.predictions(annotations, rng, 2))


def run(lite, people, iou_type='keypoints', sigmas=None, use_area=True,
        **params):
    annotations, results = copy.deepcopy(people)
    truth = lite.coco.COCO(ann_data=annotations)
    evaluation = lite.cocoeval.COCOeval(
        truth, truth.loadRes(results), iou_type, sigmas, use_area)
    vars(evaluation.params).update(params)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation


def test_without_categories_all_are_one(lite, people):
    merged = copy.deepcopy(people)
    for entry in [*merged[0]['annotations'], *merged[1]]:
        entry['category_id'] = 1
    merged[0]['categories'].pop()
    # In the order in which both are merged.
    for entries in (people[0]['annotations'], people[1],
                    merged[0]['annotations'], merged[1]):
        entries.sort(key=lambda entry: entry['image_id'])
    stats = run(lite, people, useCats=0).stats
    assert stats[0] > .1
    assert stats == pytest.approx(run(lite, merged).stats, abs=1e-12)


def test_crowdpose_leaves_what_was_accumulated(lite, made_up):
    rng = np.random.default_rng(0)
    crowded = made_up.made_up(rng, 30, keypoints=14)
    results = made_up.boxless(made_up.predictions(crowded, rng, 2))
    evaluation = run(lite, (crowded, results), 'keypoints_crowd',
                     np.full(14, .07))
    precision = evaluation.eval['precision'][..., 0, 0]
    assert evaluation.stats[0] == precision[precision > -1].mean()
    assert len(evaluation.params.imgIds) == 30


def spoil(people, what, key, value):
    annotations, results = people
    entry = {'annotation': annotations['annotations'], 'result': results,
             'image': annotations['images']}[what]
    for each in entry:
        if value is None:
            del each[key]
        elif key == 'keypoints':
            each[key] = [value, 1., 1.] * (len(each[key]) // 3)
        else:
            each[key] = value


@pytest.mark.parametrize('what, key, value, message', [
    ('result', 'keypoints', math.nan, 'image 0 are not comparable'),
    ('annotation', 'area', -1., 'image 0 are not comparable'),
    ('annotation', 'area', None, 'no area; use_area=False'),
    ('annotation', 'keypoints', None, 'no keypoints in id 0 of image 0'),
    ('result', 'score', None, 'no score in id 1 of image'),
    ('result', 'score', math.nan, 'score of result 1 of .* not a number'),
])
def test_what_cannot_be_compared_is_named(lite, people, what, key, value,
                                          message):
    """A similarity that is not a number would count as a match."""
    spoil(people, what, key, value)
    if what == 'result' and key == 'score':
        people[1][:] = people[1][:1]
    with pytest.raises(ValueError, match=message):
        run(lite, people)


def test_what_an_iou_type_needs_is_named(lite, people):
    with pytest.raises(ValueError, match="no foot_kpts .*'keypoints_foot'"):
        run(lite, people, 'keypoints_foot')
    spoil(people, 'image', 'crowdIndex', None)
    with pytest.raises(ValueError, match='image 0 .* has no crowdIndex'):
        run(lite, people, 'keypoints_crowd')
    with pytest.raises(ValueError, match="'keypoints_hand', not one of"):
        run(lite, people, 'keypoints_hand')
    with pytest.raises(ValueError, match='17 keypoints .* sigmas has 3'):
        run(lite, people, sigmas=[.1, .1, .1])
