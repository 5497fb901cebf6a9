# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch

from vitpose_tools.analyze.experts import summarise_blocks
from vitpose_tools.analyze.plot_experts import (OUTPUTS, WEIGHTS,
                                                draw_by_block, draw_matrices)


@pytest.mark.parametrize('num_blocks', [1, 4, 12])
@pytest.mark.parametrize('names', [['a', 'b'], [
    'coco', 'aic', 'mpii', 'ap10k', 'apt36k', 'coco_wholebody']])
def test_titles_fit_into_the_pictures(names, num_blocks):
    size = len(names)
    similarity = torch.eye(size) + torch.rand(size, size)
    blocks = summarise_blocks(names, [(similarity + similarity.T) / 4
                                      ] * num_blocks)
    for figure in (draw_by_block(names, blocks, []),
                   draw_by_block(names, blocks, blocks),
                   draw_matrices(names, blocks, WEIGHTS),
                   draw_matrices(names, blocks, OUTPUTS)):
        figure.canvas.draw()
        for text in (figure._suptitle, *(axis.title for axis in figure.axes)):
            place = text.get_window_extent()
            assert 0 <= place.x0 and place.x1 <= figure.bbox.width, text
