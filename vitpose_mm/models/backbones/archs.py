# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from difflib import get_close_matches
from typing import Dict, Iterable, NamedTuple, Optional, Sequence, Tuple, Union


class Arch(NamedTuple):
    """Size of a ViT: the numbers by which the papers' models differ."""

    embed_dim: int
    depth: int
    num_heads: int
    mlp_ratio: float = 4


# The only place that knows sizes. ViTPose-S has 12 heads of 32 channels, not
# DeiT-S's 6 heads of 64.
ARCHS: Dict[str, Arch] = {
    'small': Arch(embed_dim=384, depth=12, num_heads=12),
    'base': Arch(embed_dim=768, depth=12, num_heads=12),
    'large': Arch(embed_dim=1024, depth=24, num_heads=16),
    'huge': Arch(embed_dim=1280, depth=32, num_heads=16),
    # ViTAE-G's numbers are not published. These are ours: with the parallel
    # convolutions they make the 1 B parameters that the paper states.
    'giant': Arch(embed_dim=1408, depth=40, num_heads=16,
                  mlp_ratio=6144 / 1408),
}


def parse_arch(arch: Union[str, dict]) -> Arch:
    """Turn a config's ``arch`` into numbers.

    Args:
        arch: A key of ARCHS or a dict with Arch's fields.

    Raises:
        ValueError: If the name is unknown or the numbers do not fit.
    """
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(f"arch='{arch}' is not one of {list(ARCHS)}"
                             f'{nearest(arch, ARCHS)}; another size is a '
                             'dict(embed_dim=, depth=, num_heads=, '
                             'mlp_ratio=4)')
        return ARCHS[arch]
    if isinstance(arch, dict):
        check_keys('arch', arch, Arch._fields)
    try:
        parsed = Arch(**arch)
    except TypeError as error:
        raise ValueError(f'arch={arch!r}: give a name of {list(ARCHS)} or a '
                         'dict(embed_dim=, depth=, num_heads=, mlp_ratio=4)'
                         ) from error
    if min(parsed) <= 0 or parsed.embed_dim % parsed.num_heads:
        raise ValueError(f'arch={arch!r}: all numbers must be positive and '
                         'embed_dim a multiple of num_heads')
    return parsed


def check_keys(name: str, given: dict, known: Sequence[str]) -> None:
    """Check the keys of the argument ``name``, a dict.

    Raises:
        ValueError: If one is unknown; names what it may be meant for.
    """
    for key in given:
        if key not in known:
            raise ValueError(f"{name} has no '{key}'{nearest(key, known)}; "
                             f"its keys are {', '.join(known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Ask for the known name that is most like another; '' if none is."""
    found = get_close_matches(str(name), known, 1)
    return f" (did you mean '{found[0]}'?)" if found else ''


def arch_name(embed_dim: int, depth: int) -> Optional[str]:
    """Name of the arch of this size, None for a size of one's own."""
    for name, arch in ARCHS.items():
        if (arch.embed_dim, arch.depth) == (embed_dim, depth):
            return name
    return None


def parse_blocks(name: str, indices: Sequence[int],
                 depth: int) -> Tuple[int, ...]:
    """Turn the argument ``name``, block numbers of which negative ones count
    from the last, into sorted numbers from 0.

    Raises:
        ValueError: If one is beyond the depth.
    """
    if not isinstance(indices, (tuple, list)) or not all(
            type(i) is int and -depth <= i < depth for i in indices):
        raise ValueError(f'{name}={indices!r} must be a tuple of numbers in '
                         f'[-{depth}, {depth - 1}] for {depth} blocks')
    return tuple(sorted({i % depth for i in indices}))
