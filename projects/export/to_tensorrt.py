# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Build a TensorRT engine of an .onnx file of `vitpose-mm export`, and
compare it with ONNX Runtime:

    python to_tensorrt.py model.onnx model.engine --most 64

It computes in the dtype of the file: export with --dtype float16 for speed.
Needs an NVIDIA GPU and the packages tensorrt, torch and onnxruntime. Not
tested: no machine with a GPU was at hand.
"""
import argparse
import json
from pathlib import Path

import numpy as np


def build(source: Path, most: int) -> bytes:
    """Build an engine for 1 to ``most`` crops.

    Args:
        source: Of `vitpose-mm export --to onnx`, float32 or float16.
        most: Crops at once.
    """
    import tensorrt
    logger = tensorrt.Logger(tensorrt.Logger.WARNING)
    builder = tensorrt.Builder(logger)
    # Newer releases know no other networks and no flag.
    flag = getattr(tensorrt.NetworkDefinitionCreationFlag, 'STRONGLY_TYPED',
                   None)
    network = builder.create_network(0 if flag is None else 1 << int(flag))
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(source.read_bytes()):
        raise SystemExit('\n'.join(
            str(parser.get_error(index))
            for index in range(parser.num_errors)))
    config = builder.create_builder_config()
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        given = network.get_input(index)
        shape = tuple(given.shape)[1:]
        profile.set_shape(given.name, (1, *shape), (min(8, most), *shape),
                          (most, *shape))
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise SystemExit('TensorRT built no engine; its messages are above')
    return bytes(engine)


def run(engine: bytes, inputs: dict) -> dict:
    """Run an engine once.

    Args:
        engine: Of build.
        inputs: Name to array, the crops first.

    Returns:
        Name to array.
    """
    import tensorrt
    import torch
    runtime = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.WARNING))
    loaded = runtime.deserialize_cuda_engine(engine)
    context = loaded.create_execution_context()
    tensors = {name: torch.from_numpy(array).cuda()
               for name, array in inputs.items()}
    for name, tensor in tensors.items():
        context.set_input_shape(name, tuple(tensor.shape))
    for index in range(loaded.num_io_tensors):
        name = loaded.get_tensor_name(index)
        if name not in tensors:
            shape = tuple(context.get_tensor_shape(name))
            tensors[name] = torch.empty(shape, device='cuda')
        context.set_tensor_address(name, tensors[name].data_ptr())
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    context.execute_async_v3(stream.cuda_stream)
    stream.synchronize()
    return {name: tensor.cpu().numpy() for name, tensor in tensors.items()
            if name not in inputs}


def main() -> None:
    import onnxruntime
    parser = argparse.ArgumentParser(description=__doc__.split(':\n')[0])
    parser.add_argument('source', type=Path)
    parser.add_argument('target', type=Path)
    parser.add_argument('--most', type=int, default=64, help='crops at once')
    arguments = parser.parse_args()
    engine = build(arguments.source, arguments.most)
    arguments.target.write_bytes(engine)
    session = onnxruntime.InferenceSession(
        str(arguments.source), providers=['CPUExecutionProvider'])
    card = json.loads(
        session.get_modelmeta().custom_metadata_map['vitpose_mm'])
    width, height = card['crop']['input_size']
    rng = np.random.default_rng(0)
    batch = min(3, arguments.most)
    inputs = dict(crops=rng.integers(0, 256, (batch, height, width, 3),
                                     np.uint8))
    if card['decoded']:
        size = np.array([[width, height]] * batch, np.float32)
        inputs.update(centers=size / 2, scales=size)
    found = run(engine, inputs)
    names = [each.name for each in session.get_outputs()]
    for name, expected in zip(names, session.run(names, inputs)):
        distance = np.abs(found[name] - expected)
        print(f'{name}: median {np.median(distance):.2g}, largest '
              f'{distance.max():.2g}, of values up to '
              f'{np.abs(expected).max():.3g}')


if __name__ == '__main__':
    main()
