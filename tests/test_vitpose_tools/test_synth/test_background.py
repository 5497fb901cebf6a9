# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np

from vitpose_tools.synth.background import draw_background


def test_background_has_texture_and_follows_the_seed():
    first, again, other = (
        draw_background((64, 48), np.random.default_rng(seed))
        for seed in (1, 1, 2))

    assert first.shape == (48, 64, 3) and first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 10
    assert np.abs(np.diff(first, axis=1)).mean() > .5
