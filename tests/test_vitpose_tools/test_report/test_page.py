# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from vitpose_tools.report.numbers import count_up
from vitpose_tools.report.page import tile_of, write_html

VOID = {'meta', 'img', 'br'}


class Reader(HTMLParser):
    """Reads a page; fails where tags do not match."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts, self.attributes = [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.attributes += [(tag, *pair) for pair in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def pictures(self):
        return [
            cv2.imdecode(np.frombuffer(base64.b64decode(
                value.partition('base64,')[2]), np.uint8), 1)
            for tag, name, value in self.attributes
            if (tag, name) == ('img', 'src')]


def read(people):
    page = write_html(people, count_up(people, 9), 'A <page>', ['of & all'])
    return page, Reader(page)


def test_a_page_needs_no_other_file(make_people):
    page, reader = read(make_people())
    assert page.startswith('<!DOCTYPE html>')
    sources = [value for _, name, value in reader.attributes
               if name in ('src', 'href', 'srcset')]
    assert sources and all(value.startswith('data:image/')
                           for value in sources)
    assert not re.search(r'https?:|<script|<link|@import|url\(', page)
    assert 'A <page>' in reader.texts and 'of & all' in reader.texts


def test_a_page_shows_everybody_worst_first_with_their_names(make_people):
    people = make_people()
    people.keypoints[2, 1] += 30
    people.keypoints[0, 0] = people.labels[0, 2]
    people.labelled[1, 2] = False
    _, reader = read(people)
    files = [text.split(', annotation ') for text in reader.texts
             if ', annotation ' in text]
    # Four people, then the sure one who is far off, then the unlabelled.
    assert [int(number) for _, number in files] == [
        103, 101, 102, 104, 101, 102]
    assert files[0][0] == people.files[2]
    assert 'the prediction is nearest to the label of <i>2' in \
        reader.texts
    plots, photos = reader.pictures[:2], reader.pictures[2:]
    assert len(photos) == 6 and all(plot is not None for plot in plots)


def test_pictures_show_the_label_left_and_the_prediction_right(make_people):
    people = make_people(people=2, keypoints=1)
    people.keypoints[1] = people.labels[1] + [0., 25.]
    _, reader = read(people)
    photo = reader.pictures[2]
    assert photo.shape == (round(256 / 1.5**.5), 2 * round(256 * 1.5**.5), 3)
    rows = [np.argwhere((half[..., 2] > 150) & (half[..., 0] < 90))[:, 0]
            .mean() for half in np.split(photo, 2, axis=1)]
    # The tile is 75 image pixels wide.
    assert rows[1] - rows[0] == pytest.approx(
        25 * photo.shape[1] / 2 / 75, abs=3)


def test_rings_mark_the_label_and_the_prediction(make_people):
    people = make_people(people=5)
    people.keypoints[0, 0] = people.labels[0, 0] + [0., 25.]
    _, reader = read(people)
    left, right = np.split(reader.pictures[-1].astype(int), 2, axis=1)

    def is_green(half):
        return (half[..., 1] > half[..., 2] + 70).any()

    assert is_green(left) and not is_green(right)


@pytest.mark.parametrize('case', ['no labels', 'one keypoint', 'no scores',
                                  'no places', 'nothing wrong', 'outside',
                                  'one person'])
def test_a_page_of_little_opens(make_people, case):
    people = make_people(keypoints=1 if case == 'one keypoint' else 3,
                         labelled=case != 'no labels',
                         people=1 if case == 'one person' else 4)
    if case == 'no scores':
        people.scores[:] = np.nan
    elif case == 'no places':
        people.keypoints[:] = np.nan
    elif case == 'nothing wrong':
        people.keypoints[:] = people.labels
    elif case == 'outside':
        people.keypoints[0] = [1e6, -1e6]
    _, reader = read(people)
    text = ' '.join(reader.texts)
    assert ('No keypoint has an error.' in text) == (
        case in ('no labels', 'no places'))
    assert ('both an error and a confidence' in text) == (
        case in ('no labels', 'no places', 'no scores'))
    assert ('12 labelled keypoints have no prediction' in text) == (
        case == 'no places')
    assert all(picture is not None for picture in reader.pictures)
    assert 'nan' not in re.sub(r'[a-z]nan|nan[a-z]', '', text.lower())


@pytest.mark.parametrize('box, shape', [
    ((0, 0, 100, 100), (256, 256)), ((0, 0, 400, 100), (405, 162)),
    ((0, 0, 100, 4000), (162, 405)), ((5, 5, 5, 5), (256, 256))])
def test_tiles_follow_the_box_within_limits(box, shape):
    assert tile_of(np.array(box, float)) == shape
