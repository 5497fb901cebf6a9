# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a recipe for few labels starts from, by size of the model."""
from dataclasses import dataclass
from typing import Tuple

# Crops keep about the area of a square of the preset's side; narrower than
# this they would hold too little of what is beside the box.
NARROWEST = 1 / 3
# Of the sides of a crop, pixels: the patches of the papers.
MULTIPLE = 16


@dataclass(frozen=True)
class Preset:
    """A size and how it is trained on few labels.

    Args:
        base: Model base under configs/_base_/models.
        side: Side of a square crop, pixels.
        sigma: Of the heatmaps' Gaussian, in their pixels.
        blur: Kernel of the decoder, in pixels of the heatmap.
        batch: Crops per step.
        iterations: Steps of a training on few labels.
        lr: Learning rate.
        pretrained: Whether it needs weights to start from.
        freeze: Parts of every block that stay as they were pre-trained.
        needs: In words, for people who choose.
    """

    base: str
    side: int
    sigma: float
    blur: int
    batch: int
    iterations: int
    lr: float
    pretrained: bool
    freeze: Tuple[str, ...]
    needs: str


PRESETS = {
    'tiny': Preset(
        'vitpose_tiny', 128, 1.5, 5, 16, 1500, 4e-3, False, (),
        '0.7 M parameters, learns from scratch on a CPU in 10 to 20 minutes'),
    'small': Preset(
        'vitpose_small', 256, 2, 11, 32, 4000, 5e-4, True, ('attn', ),
        '24 M parameters, needs --init or the network once; made for a GPU'),
    'base': Preset(
        'vitpose_base', 256, 2, 11, 32, 4000, 5e-4, True, ('attn', ),
        '90 M parameters, needs --init or the network once, and a GPU'),
    'large': Preset(
        'vitpose_large', 256, 2, 11, 32, 4000, 5e-4, True, ('attn', ),
        '309 M parameters, needs --init or the network once, and a GPU'),
    'huge': Preset(
        'vitpose_huge', 256, 2, 11, 16, 8000, 5e-4, True, ('attn', ),
        '637 M parameters, needs --init or the network once, and a GPU'),
}


def crop_size(side: int, aspect: float) -> Tuple[int, int]:
    """(w, h) of the crops in pixels, for boxes of a width by height.

    Args:
        side: Of a square crop, pixels.
        aspect: Width by height of a typical box.
    """
    aspect = min(max(aspect, NARROWEST), 1 / NARROWEST)
    width, height = side * aspect**0.5, side / aspect**0.5
    return tuple(max(MULTIPLE, round(length / MULTIPLE) * MULTIPLE)
                 for length in (width, height))
