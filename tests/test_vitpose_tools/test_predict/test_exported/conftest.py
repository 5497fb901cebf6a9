# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Callable

import pytest

from vitpose_tools.predict.exported.card import KEY, Card
from vitpose_tools.predict.network import CropSpec
from vitpose_tools.predict.poses import Skeleton

# Of the pools below.
POOL = 4


@pytest.fixture
def card() -> Card:
    return Card(
        skeleton=Skeleton('dots', ('blue', 'green', 'red'), ((0, 1), (1, 2)),
                          (0, 2, 1), (.1, .1, .1), ((1, 2, 3), ) * 3, ()),
        crop=CropSpec((48, 64), 1.25, True), mean=(0., 0., 0.),
        std=(1., 1., 1.), channels='BGR',
        codec=dict(type='BatchUDPHeatmap', input_size=[48, 64],
                   heatmap_size=[12, 16], sigma=2.), decoded=False,
        flip=False, dtype='float32', config='', versions={})


@pytest.fixture
def write_onnx(tmp_path, card) -> Callable[..., Path]:
    """Write a network whose heatmaps are the pooled channels of a crop."""
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    from onnx import TensorProto, helper

    def write(name: str = 'pool.onnx', text: str = card.to_json(),
              key: str = KEY, output: str = 'heatmaps') -> Path:
        nodes = [
            helper.make_node('Cast', ['crops'], ['x'], to=TensorProto.FLOAT),
            helper.make_node('Transpose', ['x'], ['y'], perm=[0, 3, 1, 2]),
            helper.make_node('AveragePool', ['y'], [output],
                             kernel_shape=[POOL] * 2, strides=[POOL] * 2)]
        graph = helper.make_graph(
            nodes, 'pool',
            [helper.make_tensor_value_info('crops', TensorProto.UINT8,
                                           ['B', 64, 48, 3])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT,
                                           ['B', 3, 16, 12])])
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid('', 20)], ir_version=10)
        helper.set_model_props(model, {key: text})
        onnx.save(model, tmp_path / name)
        return tmp_path / name

    return write
