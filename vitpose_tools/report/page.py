# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Callable, Dict, List

import numpy as np
from mmpose.registry import VISUALIZERS

from . import markup
from .errors import SURE, pixel_errors
from .numbers import fixed, main_metrics, table_rows
from .plots import draw_confidence, draw_histogram
from .predictions import Predictions
from .tiles import draw_keypoint, draw_person

TILE = 256  # pixels of a half of a picture, in the mean of its sides
HEADING = ['keypoint', 'labelled', 'mean', 'median', '95 %', 'PCK',
           'confidence', 'missing', 'confidence there']


def write_html(people: Predictions, numbers: Dict[str, Any], title: str,
               about: List[str],
               on_picture: Callable[[], None] = lambda: None) -> str:
    """Write a page about predictions and their labels.

    Args:
        people: What a model says of labelled people.
        numbers: What count_up says of them.
        title: Of the page.
        about: Lines below it: weights, test set, notes.
        on_picture: Called after each.

    Returns:
        HTML that needs no other file and no script.
    """
    visualizer = VISUALIZERS.build(
        dict(type='PoseVisualizer', name='page', radius=3, line_width=1))

    def person(entry: dict) -> np.ndarray:
        index = entry['index']
        return draw_person(visualizer, people, index,
                           tile_of(people.boxes[index]))

    def keypoint(entry: dict) -> np.ndarray:
        return draw_keypoint(visualizer, people, entry['index'],
                             people.names.index(entry['keypoint']),
                             (TILE, TILE))

    def photos(entries: list, draw: Callable[[dict], np.ndarray],
               caption: Callable[[dict], List[str]]) -> str:
        figures = []
        for entry in entries:
            figures.append(markup.photo(draw(entry), caption(entry)))
            on_picture()
        return markup.grid(figures)

    return markup.document(title, [
        f'<h1>{markup.escape(title)}</h1>',
        '<p class="quiet">' + '<br>'.join(map(markup.escape, about)) + '</p>',
        *result(numbers),
        *keypoints(numbers),
        *confidence(people, numbers),
        *errors(numbers),
        markup.heading('Worst predictions first'),
        markup.paragraph(
            'Label left, prediction right. Ordered by the mean error over '
            'the longer side of the box.'),
        photos(numbers['worst'], person, caption_person),
        markup.heading('Where the model is sure and the label disagrees'),
        markup.paragraph(
            f'The confidence is at least {SURE} and the median of the '
            'keypoint, the error at least '
            f'{numbers["disagrees_from"]:g} times its median error. Look at '
            'these labels first: they are often the fault. Green rings the '
            'label (left), red the prediction (right).'),
        photos(numbers['disagreements'], keypoint, caption_disagreement)
        if numbers['disagreements'] else markup.paragraph('There are none.'),
        *unlabelled(numbers, photos, keypoint)])


def tile_of(box: np.ndarray) -> tuple:
    """Size (w, h) of a half for a box x1, y1, x2, y2, of about its shape."""
    w, h = np.maximum(box[2:] - box[:2], 1.)
    stretch = np.clip(w / h, 0.4, 2.5)**0.5
    return round(TILE * stretch), round(TILE / stretch)


def result(numbers: dict) -> List[str]:
    """The numbers of all keypoints together."""
    threshold, box = numbers['pck']['threshold'], numbers['box']
    lines = [
        markup.facts([
            ('mean error, pixels', fixed(numbers['error']['mean'], 1)),
            ('median error, pixels', fixed(numbers['error']['median'], 1)),
            (f'PCK@{threshold:g}', fixed(numbers['pck']['mean'], 3)),
            *((name, fixed(number, 3))
              for name, number in main_metrics(numbers['metrics']))]),
        markup.paragraph(
            f'{numbers["people"]} individuals in {numbers["images"]} images, '
            f'{numbers["labelled"]} labelled keypoints, '
            f'{numbers["missing"]} not labelled. Errors are in pixels of the '
            f'image. PCK is the part of the keypoints that are nearer than '
            f'{threshold:g} of the longer side of their box, which is '
            f'{threshold * box:.1f} pixels at the median box, in the mean '
            'over the keypoints.')]
    if numbers['without_prediction']:
        lines.append(markup.paragraph(
            f'{numbers["without_prediction"]} labelled keypoints have no '
            'prediction that is a number. They are in no error; in PCK they '
            'are wrong.'))
    return lines


def keypoints(numbers: dict) -> List[str]:
    """The table of keypoints."""
    return [
        markup.heading('Each keypoint'),
        markup.table(HEADING, table_rows(numbers), with_sum=True),
        markup.paragraph(
            'Mean, median and the 95th percentile of the error in pixels; '
            'the median confidence where the keypoint is labelled; how often '
            'it is missing (not labelled), and the median confidence there.')]


def confidence(people: Predictions, numbers: dict) -> List[str]:
    """Whether confidence tells right from wrong."""
    told, lines = numbers['confidence'], [markup.heading(
        'Confidence against error')]
    if not told['bins']:
        return [*lines, markup.paragraph(
            'No labelled keypoint has both an error and a confidence.')]
    known = pixel_errors(people.keypoints, people.labels, people.labelled)
    rows = [[f'{part["lowest"]:.2g} to {part["highest"]:.2g}',
             str(part['count']),
             *(fixed(part[key], 1) for key in ('mean', 'median', 'p95'))]
            for part in told['bins']]
    return [
        *lines,
        markup.grid([
            markup.plot(draw_confidence(people.scores, known, told['bins']),
                        'error over confidence'),
            markup.table(['confidence', 'keypoints', 'mean', 'median', '95 %'],
                         rows)]),
        markup.paragraph(
            f'Rank correlation {fixed(told["rank_correlation"], 2)}: -1 if '
            'the surer prediction is always the better one, 0 if confidence '
            'says nothing.'),
        markup.paragraph(
            'A labelled keypoint has more confidence than a missing one with '
            f'probability {fixed(told["separation"], 2)}; 0.50 if confidence '
            'does not tell them apart.')
        if told['separation'] is not None else '']


def errors(numbers: dict) -> List[str]:
    """How errors are spread."""
    lines = [markup.heading('How large the errors are')]
    if not numbers['histogram']['counts']:
        return [*lines, markup.paragraph('No keypoint has an error.')]
    return [*lines, markup.plot(
        draw_histogram(numbers['histogram'], numbers['error']['median']),
        'histogram of errors')]


def unlabelled(numbers: dict, photos: Callable, draw: Callable) -> List[str]:
    """Keypoints that may only have been forgotten."""
    if not numbers['unlabelled']:
        return []
    return [
        markup.heading('Where the model is sure and there is no label'),
        markup.paragraph(
            f'The confidence is at least {SURE} and the median of the '
            'keypoint where it is labelled. Was it forgotten?'),
        photos(numbers['unlabelled'], draw, lambda entry: [
            name(entry),
            f'{entry["keypoint"]}: confidence {entry["confidence"]:.2f}'])]


def name(entry: dict) -> str:
    return f'{entry["file"]}, annotation {entry["annotation"]}'


def caption_person(entry: dict) -> List[str]:
    return [
        name(entry),
        f'mean {entry["error"]["mean"]:.1f} px '
        f'({entry["part_of_box"]:.1%} of the box), worst '
        f'{entry["worst_keypoint"]} {entry["worst_error"]:.1f} px']


def caption_disagreement(entry: dict) -> List[str]:
    lines = [
        name(entry),
        f'{entry["keypoint"]}: {entry["error"]:.1f} px '
        f'(usually {entry["usual_error"]:.1f}), confidence '
        f'{entry["confidence"]:.2f} (usually {entry["usual_confidence"]:.2f})']
    if entry['nearest_label']:
        lines.append('the prediction is nearest to the label of '
                     f'{entry["nearest_label"]}')
    return lines
