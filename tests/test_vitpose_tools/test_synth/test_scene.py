# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from vitpose_tools.synth import HUMAN_17, draw_scene
from vitpose_tools.synth.appearance import sample_appearance
from vitpose_tools.synth.canvas import Canvas
from vitpose_tools.synth.pose import forward_kinematics
from vitpose_tools.synth.scene import Body, annotate, sample_bodies

SIZE = (320, 240)
NAMES = HUMAN_17.keypoints


def standing(x, y, z=0., scale=200., back=False):
    """A body in the rest pose with its pelvis at (x, y, z)."""
    still = np.zeros((len(HUMAN_17.joints), 3))
    joints = forward_kinematics(HUMAN_17, still, np.ones(len(still)))
    if back:
        joints *= (-1, 1, -1)
    look = sample_appearance(HUMAN_17, np.random.default_rng(0))
    return Body(joints * scale + (x, y, z), scale, look)


def annotated(*bodies):
    """Annotations of bodies drawn in the given order."""
    canvas = Canvas(np.zeros((*SIZE[::-1], 3)), np.array([0, 0, -1]))
    for number, body in enumerate(bodies, 1):
        canvas.draw_body(HUMAN_17, body.joints, body.scale, body.look, number)
    found = [
        annotate(HUMAN_17, body, number, canvas)
        for number, body in enumerate(bodies, 1)
    ]
    return canvas, found


def flags(annotation):
    return dict(zip(NAMES, annotation['keypoints'][2::3]))


def test_a_body_that_faces_the_viewer_shows_all_keypoints_in_place():
    body = standing(160, 120)
    canvas, [found] = annotated(body)
    table = np.reshape(found['keypoints'], (17, 3))
    ys, xs = np.nonzero(canvas.owner)

    assert found['num_keypoints'] == 17 and found['area'] == len(xs)
    assert found['bbox'] == [
        xs.min(), ys.min(), np.ptp(xs) + 1,
        np.ptp(ys) + 1
    ]
    assert (table[:, 2] == 2).all()
    np.testing.assert_allclose(
        table[:, :2], body.joints[HUMAN_17.keypoint_rows, :2], atol=.005)
    left, right = (
        table[NAMES.index(f'{side}_wrist'), 0] for side in ('left', 'right'))
    assert left > right


def test_the_back_of_a_head_hides_the_face():
    _, [found] = annotated(standing(160, 120, back=True))

    hidden = {name for name, flag in flags(found).items() if flag == 1}
    assert hidden == {'nose', 'left_eye', 'right_eye'}


def test_a_body_in_side_view_hides_its_far_side():
    body = standing(160, 120)
    body.joints[:] = (body.joints -
                      (160, 120, 0))[:, [2, 1, 0]] * (1, 1, -1) + (
                          160, 120, 0)  # the left side is near
    _, [found] = annotated(body)

    seen = flags(found)
    for kind in ('shoulder', 'hip', 'knee', 'ankle', 'ear'):
        assert seen[f'left_{kind}'] == 2, kind
        assert seen[f'right_{kind}'] == 1, kind


def test_another_body_hides_what_it_covers():
    front = standing(160, 160, 0, 120.)
    behind = standing(160, 120, 2000)
    canvas, (far, near) = annotated(behind, front)

    assert set(flags(near).values()) == {2}
    points = np.reshape(far['keypoints'], (17, 3))
    for x, y, flag in points:
        shown = canvas.owner[round(y), round(x)]
        assert flag == (2 if shown == 1 else 1)
    assert {1, 2} == set(points[:, 2])
    assert far['area'] == (canvas.owner == 1).sum()


def test_keypoints_outside_the_image_are_zero():
    _, [found] = annotated(standing(160, 20))
    table = np.reshape(found['keypoints'], (17, 3))
    outside = np.array([name in NAMES[:7] for name in NAMES])

    assert not table[outside].any()
    assert (table[~outside, 2] == 2).all()
    assert found['num_keypoints'] == 10
    assert found['bbox'][1] == 0


def test_a_body_behind_another_is_no_annotation():
    _, (hidden, shown) = annotated(
        standing(160, 120, 2000, 100.), standing(160, 120, 0, 2000.))

    assert hidden == {} and shown['area'] > 0


def test_bodies_never_meet_in_depth():
    rng = np.random.default_rng(0)
    for _ in range(30):
        bodies = sample_bodies(HUMAN_17, SIZE, rng)
        spans = [(body.joints[:, 2].min() - .1 * body.scale,
                  body.joints[:, 2].max() + .1 * body.scale)
                 for body in bodies]
        assert 1 <= len(bodies) <= 4
        for (near, _), (_, far) in zip(spans, spans[1:]):
            assert far < near


def test_scene_depends_on_seed_and_index_alone():
    image, people = draw_scene(HUMAN_17, 3, 5)
    again, same = draw_scene(HUMAN_17, 3, 5)

    assert image.dtype == np.uint8 and sorted(image.shape) == [3, 240, 320]
    np.testing.assert_array_equal(image, again)
    assert people == same
    for other in (draw_scene(HUMAN_17, 3, 6), draw_scene(HUMAN_17, 4, 5)):
        assert other[1] != people


@pytest.mark.parametrize('index', range(20))
def test_annotations_are_well_formed(index):
    image, people = draw_scene(HUMAN_17, 0, index)
    height, width = image.shape[:2]
    for found in people:
        table = np.reshape(found['keypoints'], (17, 3))
        x, y, w, h = found['bbox']
        assert found['num_keypoints'] == (table[:, 2] > 0).sum()
        assert set(table[:, 2]) <= {0, 1, 2}
        assert not table[table[:, 2] == 0].any()
        assert (table[:, :2] <= (width - 1, height - 1)).all()
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        assert 32 <= found['area'] <= w * h
        seen = table[table[:, 2] == 2]
        assert (seen[:, :2] >= (x - 1, y - 1)).all()
        assert (seen[:, :2] <= (x + w, y + h)).all()


@pytest.mark.parametrize('people', [1, 3, 9])
def test_a_crowd_has_the_number_of_people_asked_for(people):
    rng = np.random.default_rng(0)
    assert len(sample_bodies(HUMAN_17, SIZE, rng, people)) == people
    _, found = draw_scene(HUMAN_17, 0, 1, people)
    assert people * .6 < len(found) <= people  # some may be hidden


def test_large_crowds_have_smaller_people():
    def mean_scale(people):
        rng = np.random.default_rng(0)
        return np.mean([body.scale for _ in range(20)
                        for body in sample_bodies(HUMAN_17, SIZE, rng, people)
                        ])

    assert mean_scale(9) == pytest.approx(mean_scale(4) * (4 / 9)**.5, rel=.1)
