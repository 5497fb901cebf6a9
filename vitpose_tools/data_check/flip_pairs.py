# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which keypoints change places in a mirrored picture, told by their names."""
import re
from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

# Words for left and right in the languages that labels are written in.
WORDS = (
    ('left', 'right'), ('links', 'rechts'), ('linke', 'rechte'),
    ('linker', 'rechter'), ('linkes', 'rechtes'), ('gauche', 'droite'),
    ('gauche', 'droit'), ('izquierda', 'derecha'), ('izquierdo', 'derecho'),
    ('izq', 'der'), ('sinistra', 'destra'), ('sinistro', 'destro'),
    ('sx', 'dx'), ('esquerda', 'direita'), ('esquerdo', 'direito'),
    ('sinister', 'dexter'), ('левый', 'правый'), ('левая', 'правая'),
    ('левое', 'правое'), ('左', '右'), ('왼쪽', '오른쪽'), ('ipsi', 'contra'),
    ('near', 'far'), ('lt', 'rt'), ('lft', 'rgt'), ('l', 'r'), ('g', 'd'))
# Letters that stand beside a side in one token: LF, RH, FL, HR.
SECOND = 'fhbmut'
# So many names that differ by a number alone, such as those of a face, may
# hide sides; of a spine or tail there are fewer.
SERIES = 8
TOKEN = re.compile(
    r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|\d+|[\W_]+')


class FlipPairs(NamedTuple):
    """What names say about left and right.

    Args:
        pairs: Indices of keypoints that change places, the lower one first.
        alone: Names with a side whose other side is not among the names,
            and those of a long numbered series without sides.
        known: Whether the names tell sides at all and none is alone: only
            then may pictures be flipped.
    """

    pairs: List[Tuple[int, int]]
    alone: List[str]
    known: bool


def guess_flip_pairs(names: Sequence[str]) -> FlipPairs:
    """Find the keypoints of the left and of the right side.

    A side is a word (``left_hip``, ``hip-right``, ``Hanche gauche``), a
    letter (``LHip``, ``l_hip``, ``hip_R``), a letter beside front or hind
    (``1LH``, ``FR``), or the first or last letter of a name (``lhip``). Only
    names whose counterpart is there too make a pair; where numbers differ
    (``paw1LH``, ``paw4RH``), the rest must be the same and nothing else fit.

    Args:
        names: Of the keypoints, K different ones.
    """
    exact = {name.casefold(): i for i, name in enumerate(names)}
    numberless: Dict[str, List[int]] = {}
    for name, i in exact.items():
        numberless.setdefault(re.sub(r'\d+', '', name), []).append(i)
    partner: Dict[int, int] = {}

    def join(i: int, j: int) -> None:
        if i != j and i not in partner and j not in partner:
            partner[i], partner[j] = j, i

    for mirrored in (mirror_tokens, mirror_edges):
        for i, name in enumerate(names):
            for other in mirrored(name):
                if other in exact:
                    join(i, exact[other])
    for i, name in enumerate(names):
        for other in mirror_tokens(name):
            free = [j for j in numberless.get(re.sub(r'\d+', '', other), ())
                    if j not in partner]
            if len(free) == 1:
                join(i, free[0])
    alone = [name for i, name in enumerate(names)
             if i not in partner and has_side(name)]
    alone += numbered(name for i, name in enumerate(names)
                      if i not in partner)
    pairs = sorted((i, j) for i, j in partner.items() if i < j)
    return FlipPairs(pairs, alone, bool(pairs) and not alone)


def mirror_tokens(name: str) -> Iterator[str]:
    """Yield names with one side exchanged, casefolded, words first."""
    tokens = [token.casefold() for token in TOKEN.findall(name)]
    for left, right in WORDS:
        for here, there in ((left, right), (right, left)):
            for i, token in enumerate(tokens):
                if token == here:
                    yield ''.join([*tokens[:i], there, *tokens[i + 1:]])
                elif token[:1] == here and token[1:] and not here.isascii():
                    yield ''.join([*tokens[:i], there + token[1:],
                                   *tokens[i + 1:]])
    for i, token in enumerate(tokens):
        for other in mirror_letters(token):
            yield ''.join([*tokens[:i], other, *tokens[i + 1:]])


def mirror_letters(token: str) -> Iterator[str]:
    """Yield 'rh' for 'lh', 'fl' for 'fr' and the like."""
    if len(token) == 2:
        side, second = token
        if side in 'lr' and second in SECOND:
            yield 'lr'['rl'.index(side)] + second
        if second in 'lr' and side in SECOND:
            yield side + 'lr'['rl'.index(second)]


def mirror_edges(name: str) -> Iterator[str]:
    """Yield 'rhip' for 'lhip' and 'hipr' for 'hipl'."""
    name = name.casefold()
    if name[:1] in ('l', 'r'):
        yield 'lr'['rl'.index(name[0])] + name[1:]
    if name[-1:] in ('l', 'r'):
        yield name[:-1] + 'lr'['rl'.index(name[-1])]


def numbered(names: Iterable[str]) -> List[str]:
    """Names of long series that differ by a number alone."""
    series: Dict[str, List[str]] = {}
    for name in names:
        series.setdefault(re.sub(r'\d+', '', name), []).append(name)
    return [name for members in series.values() if len(members) > SERIES
            for name in members]


def has_side(name: str) -> bool:
    """Whether a word or a letter by itself names a side."""
    return next(mirror_tokens(name), None) is not None
