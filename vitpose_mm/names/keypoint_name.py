# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from typing import List, NamedTuple, Optional, Sequence

from .table import CORRECTIONS, FACE, FACES, NUMBERED, PARTS, WORDS

# Text encoders hardly tell them apart, so that they get vectors of their own.
SIDES = ('', 'left', 'right')
PLACES = ('', 'front', 'middle', 'hind')
OTHER_SIDE = {'': '', 'left': 'right', 'right': 'left'}

SIDE_WORDS = dict(left='left', right='right')
SIDE_LETTERS = dict(l='left', r='right')
PLACE_WORDS = dict(front='front', fore='front', hind='hind', rear='hind',
                   back='hind', middle='middle', mid='middle')
# 'middle' and 'back' are parts as well.
NO_PARTS = frozenset(('left', 'right', 'l', 'r', 'front', 'fore', 'hind'))
PLACE_LETTERS = dict(f='front', b='hind', h='hind')
# What there is in front and behind; 'mouth front top' has no such place.
LIMBS = frozenset(
    'ankle arm elbow fetlock foot heel hip hock hoof knee leg limb paw '
    'shoulder toe wrist'.split())
TOKEN = re.compile(r'[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+')


class KeypointName(NamedTuple):
    """What a keypoint is.

    Args:
        part: Of the body, in lower case, such as 'knee' or 'tail base'.
        side: 'left' or 'right' of the body itself, or ''.
        place: 'front', 'middle' or 'hind' of a limb, or ''.
        origin: The dataset, where the part is but a number of it.
    """

    part: str
    side: str = ''
    place: str = ''
    origin: str = ''

    @property
    def mirrored(self) -> 'KeypointName':
        """What it becomes in a mirror."""
        return self._replace(side=OTHER_SIDE[self.side])

    def __str__(self) -> str:
        words = ' '.join(filter(None, (self.side, self.place, self.part)))
        return f'{words} of {self.origin}' if self.origin else words


def parse_name(name: str, dataset: Optional[str] = None) -> KeypointName:
    """Read the name of a keypoint, as people and metainfo files write it.

    'left_knee', 'L_Knee', 'kneeL' and 'knee left' are the same.

    Args:
        name: The name.
        dataset: ``dataset_name`` of its metainfo, whose habits are known; None
            of free text.

    Raises:
        ValueError: If it names no part.
    """
    numbered = numbered_name(name, dataset)
    if numbered is not None:
        return numbered
    name = CORRECTIONS.get(dataset or '', {}).get(name, name)
    tokens: List[str] = []
    for token in TOKEN.findall(name):
        tokens += WORDS.get(token.lower(), token.lower()).split()
    side = take_side(tokens)
    place = take_place(tokens)
    part = ' '.join(tokens)
    part = PARTS.get(part, part)
    if not part or part.isdigit() or part in NO_PARTS:
        raise ValueError(f"'{name}' names no part of a body; write it like "
                         "'left knee', 'nose' or 'right front paw'")
    return KeypointName(part, side, place)


def take_side(tokens: List[str]) -> str:
    """Remove the side from words, and return it."""
    for index, token in enumerate(tokens):
        if token in SIDE_WORDS and len(tokens) > 1:
            del tokens[index]
            return SIDE_WORDS[token]
    for index, token in enumerate(tokens):
        # A letter between others may be anything.
        is_end = index in (0, len(tokens) - 1) or (
            index == len(tokens) - 2 and tokens[-1].isdigit())
        if token in SIDE_LETTERS and is_end and len(tokens) > 1:
            del tokens[index]
            return SIDE_LETTERS[token]
    return ''


def take_place(tokens: List[str]) -> str:
    """Remove the place of a limb from words, and return it."""
    for index, token in enumerate(tokens[:-1]):
        place = PLACE_WORDS.get(token) or PLACE_LETTERS.get(token)
        is_whole = token not in ('middle', 'mid') or tokens[index + 1] == 'leg'
        if place and is_whole and tokens[index + 1] in LIMBS:
            del tokens[index]
            return place
    return ''


def numbered_name(name: str, dataset: Optional[str]) -> Optional[KeypointName]:
    """Read a name that is but a number, such as 'face-3' or 'sss_kpt1'; None
    of any other.

    Raises:
        ValueError: If it is a number, and nobody says of which dataset.
    """
    match = re.fullmatch(rf'(?:(.+)[_ ])?({"|".join(NUMBERED)})[-_ ]?(\d+)',
                         name, re.IGNORECASE)
    if match is None:
        return None
    group, word, number = match.groups()
    if dataset is None:
        raise ValueError(f"'{name}' is a number of some dataset and says no "
                         'part; ask for parts by their names')
    if FACES.get(dataset) == word.lower():
        return parse_name(FACE[int(number)])
    part = ' '.join(filter(None, (group, 'point', number))).lower()
    return KeypointName(part, origin=dataset)


def keypoint_names(names: Sequence[str],
                   dataset: Optional[str] = None) -> List[KeypointName]:
    """Read the names of a skeleton; see parse_name.

    Raises:
        ValueError: If one says nothing, or two are the same.
    """
    parsed = [parse_name(name, dataset) for name in names]
    for index, name in enumerate(parsed):
        first = parsed.index(name)
        if first != index:
            raise ValueError(
                f"'{names[first]}' and '{names[index]}' both mean the "
                f"'{name}', which would give them equal heatmaps; rename one"
                + (f' in the metainfo of {dataset}' if dataset else ''))
    return parsed
