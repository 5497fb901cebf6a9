# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What the metainfo files of datasets say differently, or not at all.

The rules of ``parse_name`` read most names; here is what they cannot know.
Datasets are called by the ``dataset_name`` of their metainfo.
"""
from typing import Dict, List, Tuple

# Words that are several: limbs of insects, and what is written in one word.
WORDS: Dict[str, str] = dict(
    foreleg='front leg', midleg='middle leg', hindleg='hind leg',
    forelimb='front limb', hindlimb='hind limb', forepaw='front paw',
    hindpaw='hind paw', anttip='antenna tip', antbase='antenna base',
    tailbase='tail base', tailtip='tail tip', forefinger='index finger')

# One part, several spellings. The left column is what the rules make of a
# name, without its side.
PARTS: Dict[str, str] = {
    'top head': 'head top',
    'head mid top': 'head top',
    'top of head': 'head top',
    'bottom head': 'neck',
    'head bottom': 'neck',
    'upper neck': 'neck',
    'root of tail': 'tail base',
    'tail root': 'tail base',
    'tail top back': 'tail base',
    'tail mid back': 'tail middle',
    'tail end back': 'tail tip',
    'mid hip': 'pelvis',
    'middle hip': 'pelvis',
    'center': 'body centre',
    'wither': 'withers',
    'mouth back': 'mouth corner',
    'torso mid back': 'back middle',
    'medial bow': 'medial elbow',
    'lateral bow': 'lateral elbow',
    'waistline': 'waist line',
}

FINGERS = ('thumb', 'index finger', 'middle finger', 'ring finger',
           'pinky finger')
# Four joints of a finger, from the hand to the tip.
for _finger in FINGERS:
    for _number, _joint in enumerate(
            ('first joint', 'second joint', 'third joint', 'tip'), 1):
        PARTS[f'{_finger} {_number}'] = f'{_finger} {_joint}'
        PARTS[f'{_finger.replace(" finger", "")} {_number}'] = \
            f'{_finger} {_joint}'
for _number, _word in enumerate(('first', 'second', 'third', 'fourth'), 1):
    PARTS[f'leg {_number}'] = f'{_word} leg joint'
    PARTS[f'abdomen {_number}'] = f'{_word} abdomen segment'

# Names that mean something else than they say, by dataset.
CORRECTIONS: Dict[str, Dict[str, str]] = {
    # The last joint of a leg there is what others call ankle.
    'h36m': dict(root='pelvis', right_foot='right ankle',
                 left_foot='left ankle'),
    'mpi_inf_3dhp': dict(root='pelvis'),
    # The middle between the hips; top of the head.
    'halpe26': dict(hip='pelvis', head='head top'),
    'halpe': dict(hip='pelvis', head='head top'),
    # One point at each leg, whose number says nothing.
    'zebra': dict(
        forelegL1='left front leg', forelegR1='right front leg',
        hindlegL1='left hind leg', hindlegR1='right hind leg'),
    # Near is a horse's left side, off its right. What is called its knee is
    # the wrist of its front leg; the knee of the hind leg is the stifle.
    'horse10': {
        f'{word}{limb}': f'{side} {name}'
        for word, side in (('Near', 'left'), ('Off', 'right'))
        for limb, name in (
            ('knee', 'front knee'), ('frontfetlock', 'front fetlock'),
            ('frontfoot', 'front foot'), ('hindhock', 'hind hock'),
            ('hindfetlock', 'hind fetlock'), ('hindfoot', 'hind foot'))
    },
}
CORRECTIONS['horse10']['Midshoulder'] = 'shoulder middle'


def _face() -> List[str]:
    """The 68 points of a face, in the order of 300-W. Its first is at the
    right end of the jaw of whom one looks at."""
    jaw = ['jaw end', 'upper jaw', 'upper middle jaw', 'middle jaw',
           'lower middle jaw', 'lower jaw', 'chin side', 'beside chin']
    brow = [f'eyebrow {place}' for place in (
        'outer end', 'outer middle', 'middle', 'inner middle', 'inner end')]
    bridge = [f'nose bridge {place}' for place in (
        'top', 'upper middle', 'lower middle', 'tip')]
    eye = ['eye outer corner', 'eye upper lid outer', 'eye upper lid inner',
           'eye inner corner', 'eye lower lid inner', 'eye lower lid outer']
    other = [eye[i] for i in (3, 2, 1, 0, 5, 4)]

    def right(names: List[str]) -> List[str]:
        return [f'right {name}' for name in names]

    def left(names: List[str]) -> List[str]:
        return [f'left {name}' for name in names]

    nostrils = ['nostril', 'nose underside']
    outer_up = ['mouth corner', 'upper lip outer', 'upper lip peak']
    outer_down = ['lower lip outer', 'lower lip']
    return [
        *right(jaw), 'chin', *left(jaw[::-1]),
        *right(brow), *left(brow[::-1]),
        *bridge,
        *right(nostrils), 'nose underside middle', *left(nostrils[::-1]),
        *right(eye), *left(other),
        *right(outer_up), 'upper lip middle', *left(outer_up[::-1]),
        *left(outer_down), 'lower lip middle', *right(outer_down[::-1]),
        'right inner mouth corner', 'right upper lip inside',
        'upper lip inside middle', 'left upper lip inside',
        'left inner mouth corner', 'left lower lip inside',
        'lower lip inside middle', 'right lower lip inside',
    ]


FACE = _face()
# Datasets whose points of a face are numbered like 300-W's, from 0.
FACES: Dict[str, str] = {
    'coco_wholebody': 'face', 'coco_wholebody_face': 'face',
    'coco_wholebody_openpose': 'face', 'h3wb': 'face', 'halpe': 'face',
    'ubody2d': 'face', '300w': 'kpt', '300wlp': 'kpt', '300vw': 'kpt'}

# Words before a number that say nothing: such a point only has the name of
# its dataset and its number, and is like no other.
NUMBERED: Tuple[str, ...] = ('kpt', 'keypoint', 'point', 'face', 'landmark')
