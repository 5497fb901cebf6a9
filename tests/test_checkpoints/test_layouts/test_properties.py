# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import random

import pytest
import torch

from vitpose_mm.checkpoints.layouts import (detect, hf, mmpose, official,
                                            vitpose_mm)
from vitpose_mm.checkpoints.names import datasets_of
from vitpose_mm.checkpoints.report import Report


def draw(seed, official_weights):
    """Weights of a random arch, resolution, decoder and number of heads."""
    dice = random.Random(seed)
    dim = 8 * dice.randint(1, 12)
    return official_weights(
        dim=dim,
        depth=dice.randint(1, 4),
        num_slots=1 + dice.randint(1, 24) * dice.randint(1, 24),
        num_keypoints=dice.randint(1, 40),
        decoder=dice.choice(['classic', 'simple']),
        part_features=dice.choice([None, dim // 2, dim // 4, 1]),
        patch_size=dice.choice([8, 14, 16]))


@pytest.mark.parametrize('seed', range(16))
def test_every_model_survives_every_layout(official_weights, seed):
    weights = draw(seed, official_weights)
    assert detect(weights) == 'official'
    ours = official.to_ours(weights, Report('file'))
    targets = {'official': official, 'hf': hf, 'vitpose_mm': vitpose_mm}
    if not datasets_of(ours):
        targets['mmpose'] = mmpose

    for name, module in targets.items():
        theirs = module.from_ours(ours)
        # Alphabetical order, as .safetensors files have it.
        theirs = {key: theirs[key] for key in sorted(theirs)}
        assert detect(theirs) == name
        back = module.to_ours(theirs, Report('file'))

        lost = ours.keys() - back.keys()
        assert back.keys() <= ours.keys()
        assert all(torch.equal(back[key], ours[key]) for key in back)
        # transformers has room for the first dataset's head alone.
        assert not lost or name == 'hf' and all(
            key.startswith('heads.') and not key.startswith('heads.coco.')
            for key in lost)
