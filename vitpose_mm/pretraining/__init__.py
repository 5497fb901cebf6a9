# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Masked autoencoders (MAE, arXiv 2111.06377) on pose data.

What MMPretrain's own MAE lacks for it. Nothing else in this package needs
MMPretrain, so only the configs of ``configs/mae`` import this module.
"""
try:
    import mmpretrain  # noqa: F401
# With transformers >= 5 its multi-modal models end in a TypeError.
except (ImportError, TypeError) as error:
    raise ImportError(
        'vitpose_mm.pretraining needs MMPretrain, which does not import here '
        f'({error}). Install it with "pip install mmpretrain==1.2.0"; where '
        'transformers >= 5 is installed it cannot be imported, so use an '
        'environment without transformers. See docs/pretrain.md') from error

from mmpretrain import registry

from ..arguments import explain_unknown_arguments
from .crop_person import CropPerson
from .person_crop_dataset import PersonCropDataset
from .rectangular_mae_decoder import RectangularMAEDecoder
from .rectangular_mae_head import RectangularMAEHead
from .rectangular_mae_vit import RectangularMAEViT
from .rectangular_mae_vitae import RectangularMAEViTAE

explain_unknown_arguments(__name__, registry)

__all__ = [
    'CropPerson', 'PersonCropDataset', 'RectangularMAEDecoder',
    'RectangularMAEHead', 'RectangularMAEViT', 'RectangularMAEViTAE'
]
