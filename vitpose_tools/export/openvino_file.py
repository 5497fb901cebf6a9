# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""To OpenVINO's .xml and .bin."""
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
from torch import nn

from vitpose_tools.predict.exported.card import (CENTERS, CROPS, HEATMAPS, KEY,
                                                 SCALES, Card)
from vitpose_tools.predict.exported.packages import need
from .program_file import example, trace

# Weights that are stored in float16, whatever is computed in.
HALF = ('float16', 'bfloat16')


def write_openvino(network: nn.Module, decoder: Optional[nn.Module],
                   card: Card, path: Path,
                   calibration: Optional[np.ndarray] = None) -> None:
    """Write .xml, and .bin beside it.

    Args:
        network: CropNetwork.
        decoder: Decoder, to put behind it; None leaves heatmaps.
        card: To write into it.
        path: The .xml.
        calibration: Crops (N, h, w, 3) to make the network int8 with.
    """
    openvino = need('openvino')
    tensors = example(card, network)
    model = convert(network, [tensors[CROPS]], [CROPS], [HEATMAPS])
    if calibration is not None:
        model = quantize(model, calibration)
    if decoder is not None:
        taken = [HEATMAPS, CENTERS, SCALES]
        behind = convert(decoder, [tensors[name] for name in taken], taken,
                         card.outputs)
        model = attach(model, behind)
    model.set_rt_info(card.to_json(), KEY)
    openvino.save_model(model, path,
                        compress_to_fp16=card.dtype in HALF)


def convert(module: nn.Module, inputs: Sequence, taken: Sequence[str],
            given: Sequence[str]):
    """Convert a module by torch.export, with these names."""
    model = need('openvino').convert_model(trace(module, inputs))
    for ports, names, tensors in ((model.inputs, taken, inputs),
                                  (model.outputs, given, None)):
        for index, (port, name) in enumerate(zip(ports, names)):
            port.set_names({name})
            port.get_node().set_friendly_name(name) if tensors else None
            if tensors:
                shape = [-1, *tensors[index].shape[1:]]
                port.get_node().set_partial_shape(
                    need('openvino').PartialShape(shape))
    model.validate_nodes_and_infer_types()
    return model


def attach(model, behind):
    """Put one model behind another; the first input of the second one is the
    first output of the first."""
    parameters = behind.get_parameters()
    heatmaps = model.get_results()[0].input_value(0)
    heatmaps.get_tensor().set_names(set())
    for target in parameters[0].output(0).get_target_inputs():
        target.replace_source_output(heatmaps)
    return need('openvino').Model(
        behind.get_results(), [*model.get_parameters(), *parameters[1:]])


def quantize(model, calibration: np.ndarray):
    """Make a model int8 by NNCF, as it does with transformers."""
    nncf = need('nncf')
    data = nncf.Dataset([crop[None] for crop in calibration])
    return nncf.quantize(model, data, subset_size=len(calibration),
                         model_type=nncf.ModelType.TRANSFORMER,
                         preset=nncf.QuantizationPreset.MIXED)
