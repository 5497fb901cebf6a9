# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""To ONNX."""
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import torch
from torch import nn

from vitpose_tools.predict.exported.card import (CENTERS, CROPS, HEATMAPS, KEY,
                                                 SCALES, Card, ExportError)
from vitpose_tools.predict.exported.packages import need
from .program_file import example

# Larger messages cannot be written: a limit of protobuf.
MOST = (1 << 31) - (1 << 24)


def write_onnx(network: nn.Module, decoder: Optional[nn.Module], card: Card,
               path: Path, calibration: Optional[np.ndarray] = None) -> None:
    """Write one .onnx file.

    Args:
        network: CropNetwork.
        decoder: Decoder, to put behind it; None leaves heatmaps.
        card: To write into it.
        path: The file.
        calibration: Crops (N, h, w, 3) to make the network int8 with.

    Raises:
        ExportError: If the weights are too many for one file.
    """
    onnx = need('onnx')
    size = sum(each.numel() * each.element_size()
               for each in network.state_dict().values())
    if size > MOST:
        raise ExportError(
            f'{size / 1e9:.1f} GB of weights do not fit into one .onnx file; '
            'take --dtype float16 or --to openvino')
    tensors = example(card, network)
    model = convert(network, [tensors[CROPS]], [CROPS], [HEATMAPS])
    if calibration is not None:
        model = quantize(model, calibration)
    if decoder is not None:
        taken = [HEATMAPS, CENTERS, SCALES]
        behind = convert(decoder, [tensors[name] for name in taken], taken,
                         card.outputs)
        model = attach(model, behind)
    strip(model.graph)
    onnx.helper.set_model_props(model, {KEY: card.to_json()})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def convert(module: nn.Module, inputs: Sequence, taken: Sequence[str],
            given: Sequence[str]):
    """Convert a module by torch.export, with these names."""
    need('onnxscript')
    batch = torch.export.Dim('batch')
    # It reports each step on stdout.
    with redirect_stdout(StringIO()), torch.no_grad():
        program = torch.onnx.export(
            module.eval(), tuple(inputs), dynamo=True, verbose=False,
            input_names=list(taken), output_names=list(given),
            dynamic_shapes=tuple({0: batch} for _ in inputs))
    return program.model_proto


def attach(model, behind):
    """Put one model behind another, by the name of the heatmaps."""
    compose = need('onnx').compose
    behind = compose.add_prefix(behind, 'decoder/', rename_inputs=False,
                                rename_outputs=False)
    # Quantising may have raised the version of the format.
    behind.ir_version = model.ir_version
    del behind.opset_import[:]
    behind.opset_import.extend(model.opset_import)
    return compose.merge_models(model, behind, [(HEATMAPS, HEATMAPS)])


def strip(graph) -> None:
    """Take out where and by which lines a graph was written."""
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ''
    for value in (*graph.value_info, *graph.input, *graph.output,
                  *graph.initializer):
        del value.metadata_props[:]
        value.doc_string = ''


def quantize(model, calibration: np.ndarray):
    """Make the matrix products and convolutions of a model int8, with scales
    found on crops."""
    need('onnxruntime')
    from onnxruntime.quantization import (CalibrationDataReader, QuantFormat,
                                          QuantType, quantize_static)
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Crops(CalibrationDataReader):
        rest = iter(calibration)

        def get_next(self) -> Optional[dict]:
            crop = next(self.rest, None)
            return None if crop is None else {CROPS: crop[None]}

    onnx = need('onnx')
    with tempfile.TemporaryDirectory() as folder:
        source, prepared, target = (
            str(Path(folder, f'{name}.onnx')) for name in 'abc')
        onnx.save(model, source)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared, target, Crops(), quant_format=QuantFormat.QDQ,
            op_types_to_quantize=['MatMul', 'Gemm', 'Conv'],
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            per_channel=True)
        return onnx.load(target)
