# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""To programs of torch.export."""
from pathlib import Path
from typing import Sequence

import torch
from torch import Tensor, nn

from vitpose_tools.predict.exported.card import (CENTERS, CROPS, HEATMAPS, KEY,
                                                 SCALES, Card)


def example(card: Card, network: nn.Module) -> dict:
    """Inputs to trace with: two black crops, in the middle of an image.

    Args:
        card: Says the size.
        network: CropNetwork.

    Returns:
        Name to tensor, of all that any graph takes.
    """
    width, height = card.crop.input_size
    crops = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    size = torch.tensor([[width, height]] * 2, dtype=torch.float32)
    with torch.no_grad():
        heatmaps = network(crops)
    return {CROPS: crops, CENTERS: size / 2, SCALES: size, HEATMAPS: heatmaps}


def trace(module: nn.Module, inputs: Sequence[Tensor]
          ) -> torch.export.ExportedProgram:
    """Trace a module for any batch.

    Args:
        module: Of graph.py.
        inputs: Each with the batch first.
    """
    batch = torch.export.Dim('batch')
    with torch.no_grad():
        program = torch.export.export(
            module.eval(), tuple(inputs),
            dynamic_shapes=tuple({0: batch} for _ in inputs))
    # Where this was written and by which lines is nobody's business, and
    # guards are Python source: read_program refuses any.
    for node in program.graph.nodes:
        for key in ('stack_trace', 'nn_module_stack', 'torch_fn',
                    'source_fn_stack', 'from_node'):
            node.meta.pop(key, None)
    program._guards_code = []
    return program


def write_program(module: nn.Module, inputs: Sequence[Tensor], card: Card,
                  path: Path) -> None:
    """Write a .pt2 file.

    Args:
        module, inputs: As in trace.
        card: To write into it.
        path: The file.
    """
    torch.export.save(trace(module, inputs), path,
                      extra_files={KEY: card.to_json()})
