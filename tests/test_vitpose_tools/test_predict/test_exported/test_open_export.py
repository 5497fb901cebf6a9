# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from mmpose.codecs import UDPHeatmap

from vitpose_tools.predict.exported import ExportError, is_export, open_export
from vitpose_tools.predict.exported.card import read_card


def dots(count: int) -> np.ndarray:
    """Crops with a soft dot in each channel."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :48]
    places = rng.uniform((10, 10), (38, 54), (count, 3, 2))
    distances = ((x[..., None] - places[:, None, None, :, 0])**2
                 + (y[..., None] - places[:, None, None, :, 1])**2)
    return (250 * np.exp(-distances / 128)).astype(np.uint8)


@pytest.mark.parametrize('count', [1, 5])
def test_heatmaps_of_a_file_become_keypoints(write_onnx, count):
    crops = dots(count)
    network = open_export(write_onnx(), threads=1)

    keypoints, scores = network(crops)

    assert network.skeleton.names == ('blue', 'green', 'red')
    assert network.crop.input_size == (48, 64)
    codec = UDPHeatmap((48, 64), (12, 16), sigma=2.)
    pooled = crops.reshape(count, 16, 4, 12, 4, 3).mean((2, 4))
    for n, heatmaps in enumerate(pooled.astype(np.float32)):
        expected = codec.decode(heatmaps.transpose(2, 0, 1).copy())
        np.testing.assert_allclose(keypoints[n], expected[0][0], atol=1e-3)
        np.testing.assert_allclose(scores[n], expected[1][0], rtol=1e-5)


def test_keypoints_go_back_to_the_image(write_onnx):
    crops = dots(2)
    network = open_export(write_onnx())
    centers = np.array([[100., 50.], [-7., 3.]])
    scales = np.array([[96., 128.], [12., 16.]])

    inside, _ = network(crops)
    keypoints, _ = network.locate(crops, centers, scales)

    shares = inside / (48, 64) - .5
    np.testing.assert_allclose(
        keypoints, shares * scales[:, None] + centers[:, None], atol=1e-4)


def test_no_crops_are_no_keypoints(write_onnx):
    keypoints, scores = open_export(write_onnx())(
        np.zeros((0, 64, 48, 3), np.uint8))

    assert keypoints.shape == (0, 3, 2) and scores.shape == (0, 3)


@pytest.mark.parametrize('crops', [
    np.zeros((1, 64, 48, 3), np.float32), np.zeros((1, 48, 64, 3), np.uint8),
    np.zeros((64, 48, 3), np.uint8)
])
def test_other_crops_are_refused(write_onnx, crops):
    with pytest.raises(ValueError, match=r'takes uint8 of \(B, 64, 48, 3\)'):
        open_export(write_onnx())(crops)


def test_a_card_comes_back(card, tmp_path):
    assert read_card(card.to_json(), tmp_path) == card


@pytest.mark.parametrize('change', [
    dict(format=2), dict(dtype='float8'), dict(decoded='yes'),
    dict(codec=dict(type='os.system')), dict(codec=None), dict(crop=None),
    dict(crop=dict(input_size=[1 << 40, 2], padding=1., use_udp=True)),
    dict(crop=dict(input_size=[48, 64], padding=-1, use_udp=True)),
    dict(skeleton=dict(names=['a'])), dict(mean='abc'), dict(versions=3)
], ids=str)
def test_a_card_of_anybody_is_one_sentence(write_onnx, card, change):
    path = write_onnx(text=json.dumps({**json.loads(card.to_json()),
                                       **change}))

    with pytest.raises(ExportError, match='pool.onnx: .*export the model'):
        open_export(path)


@pytest.mark.parametrize('flip', [[0, 0, 1], [0, 1, 7], [0, 1], [0, 1, 'x']])
def test_a_flip_order_that_is_none_is_refused(write_onnx, card, flip):
    content = json.loads(card.to_json())
    content['skeleton']['flip_indices'] = flip

    with pytest.raises(ExportError, match='not understood'):
        open_export(write_onnx(text=json.dumps(content)))


def test_a_foreign_file_is_named(write_onnx, tmp_path):
    path = write_onnx(key='other')
    with pytest.raises(ExportError, match='pool.onnx is not from'):
        open_export(path)
    with pytest.raises(ExportError, match='takes .* and gives'):
        open_export(write_onnx(output='y2'))
    with pytest.raises(ExportError, match='not understood'):
        open_export(write_onnx(text='{'))
    for name in ('a.onnx', 'a.xml', 'a.bin', 'a.pt2'):
        (tmp_path / name).write_bytes(b'\0nothing')
    with pytest.raises(ExportError, match='a.onnx was not read by ONNX'):
        open_export(tmp_path / 'a.onnx')
    with pytest.raises(ExportError, match='a.pt2 is not a program'):
        open_export(tmp_path / 'a.pt2')
    with pytest.raises(ExportError, match='b.onnx: there is no such file'):
        open_export(tmp_path / 'b.onnx')
    with pytest.raises(ExportError, match='exports end in .onnx, .xml, .pt2'):
        open_export(tmp_path / 'a.pth')


def test_an_xml_without_its_weights_is_named(tmp_path):
    pytest.importorskip('openvino')
    (tmp_path / 'a.xml').write_text('<net/>')

    with pytest.raises(ExportError, match='its weights, a.bin, are not'):
        open_export(tmp_path / 'a.xml')
    (tmp_path / 'a.bin').write_bytes(b'')
    with pytest.raises(ExportError, match='a.xml was not read by OpenVINO'):
        open_export(tmp_path / 'a.xml')


def test_keypoints_that_a_card_does_not_name_are_refused(write_onnx, card):
    content = json.loads(card.to_json())
    content['skeleton'].update(names=['a', 'b'], links=[], flip_indices=[])

    with pytest.raises(ExportError, match='gives .* scores .* 2 keypoints'):
        open_export(write_onnx(text=json.dumps(content)))(dots(1))


def test_exports_are_known_by_their_suffix():
    assert is_export('a b/ü.ONNX') and is_export('a.xml')
    assert not is_export('vitpose-base') and not is_export('a.py')
