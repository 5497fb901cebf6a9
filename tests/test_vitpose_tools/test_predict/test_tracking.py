# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from vitpose_tools.extras import MissingPackage
from vitpose_tools.predict.frame import Boxes, Frame
from vitpose_tools.predict.tracking import Follow

W, H, SIDE = 320, 120, 40
RED, BLUE = (0, 0, 255), (255, 0, 0)


def draw(index):
    """Two squares that cross, the red one going right."""
    image = np.zeros((H, W, 3), np.uint8)
    for color, x, y in ((RED, 5 + 5 * index, 20), (BLUE, 275 - 5 * index, 50)):
        cv2.rectangle(image, (x, y), (x + SIDE, y + SIDE), color, -1)
    return image


class Squares:
    """A detector of colours, in an order of its own."""

    def __init__(self, scores=(.9, .8)):
        self.looked, self.scores = [], scores

    def __call__(self, frame):
        self.looked.append(frame.index)
        found = []
        for color, score in zip((RED, BLUE), self.scores):
            rows, columns = np.nonzero((frame.image == color).all(-1))
            if len(rows):
                found.append([columns.min(), rows.min(), columns.max() + 1,
                              rows.max() + 1, score])
        # Shuffled, as detectors sort by score.
        found = np.array(found[::1 if (frame.index or 0) % 4 else -1],
                         np.float32).reshape(-1, 5)
        return Boxes(found[:, :4], found[:, 4])


def color_at(image, box):
    x, y = box[:2].astype(int) + 4
    return tuple(image[np.clip(y, 0, H - 1), np.clip(x, 0, W - 1)].tolist())


@pytest.mark.parametrize('every', [1, 5])
def test_ids_stay_with_squares_that_cross(every):
    pytest.importorskip('trackers')
    detector = Squares()
    follow = Follow(detector, every)
    owners, errors = {}, []
    for index in range(50):
        image = draw(index)
        boxes = follow(Frame(image, 'a.mp4', index, 25.))
        assert boxes.track_ids.tolist() == sorted(set(
            boxes.track_ids.tolist())) == [0, 1], index
        for box, one in zip(boxes.xyxy, boxes.track_ids):
            x = 5 + 5 * index, 275 - 5 * index
            truth = np.array([[x[0], 20], [x[1], 50]])
            # Where the blue one covers the red, colours tell who it is.
            distance = np.abs(truth - box[:2]).max(1)
            owners.setdefault(int(one), []).append(int(distance.argmin()))
            errors.append(distance.min())
    assert detector.looked == list(range(0, 50, every))
    # One id, one square, before and after.
    for one, seen in owners.items():
        assert len(set(seen[:10])) == 1 and seen[-10:] == seen[:10], one
    assert owners[0][0] != owners[1][0]
    # Speed is known from the second look on.
    assert np.max(errors[2 * every:]) < SIDE / 2
    assert np.median(errors) < 2


def test_ids_begin_at_zero_in_each_video():
    pytest.importorskip('trackers')
    follow = Follow(Squares())
    for name in ('a.mp4', 'b.mp4'):
        for index in range(3):
            boxes = follow(Frame(draw(index), name, index, 25.))
            assert boxes.track_ids.tolist() == [0, 1]


def test_who_is_gone_gets_no_box_and_who_comes_an_id_at_once():
    pytest.importorskip('trackers')
    follow = Follow(Squares(), every=2)
    empty = np.zeros((H, W, 3), np.uint8)
    counts = []
    for index in range(12):
        image = draw(index) if 4 <= index < 8 else empty
        counts.append(len(follow(Frame(image, 'a.mp4', index, 25.)).xyxy))
    assert counts == [0] * 4 + [2] * 4 + [0] * 4


def test_low_scores_continue_a_track_and_begin_none():
    pytest.importorskip('trackers')
    detector = Squares((.9, .2))
    follow = Follow(detector, min_score=.3)
    boxes = follow(Frame(draw(0), 'a.mp4', 0, 25.))
    assert boxes.track_ids.tolist() == [0]
    detector.scores = (.2, .2)
    boxes = follow(Frame(draw(1), 'a.mp4', 1, 25.))
    assert boxes.track_ids.tolist() == [0]
    np.testing.assert_array_equal(boxes.xyxy, [[10, 20, 51, 61]])
    assert follow(Frame(draw(0), 'a.jpg')).track_ids is None
    assert not len(follow(Frame(draw(0), 'a.jpg')).xyxy)


def test_without_trackers_one_sentence_names_the_cure(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'trackers', None)
    with pytest.raises(MissingPackage, match='pip install --no-deps '
                       '"trackers'):
        Follow(Squares(), every=2)
    # Pictures need none.
    assert len(Follow(Squares())(Frame(draw(3), 'a.jpg')).xyxy) == 2
    with pytest.raises(ValueError, match='at least 1, not 0'):
        Follow(Squares(), every=0)
