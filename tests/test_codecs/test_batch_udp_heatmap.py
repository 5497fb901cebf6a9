# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmpose.codecs import UDPHeatmap
from mmpose.registry import KEYPOINT_CODECS

from vitpose_mm.codecs import BatchUDPHeatmap

SIZES = dict(input_size=(192, 256), heatmap_size=(48, 64))
stock = UDPHeatmap(**SIZES)


def heatmaps(noise: float, num_keypoints: int = 17, seed: int = 0):
    """Peaks of all heights, some on or beyond the border, in noise."""
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform((-6, -6), (198, 262), (8, 1, num_keypoints, 2))
    maps = np.stack([
        stock.encode(person.astype(np.float32))['heatmaps']
        for person in keypoints
    ])
    maps *= rng.uniform(0, 1, maps.shape[:2])[..., None, None]
    maps += noise * rng.standard_normal(maps.shape)
    return maps.astype(np.float32)


def decode(maps: np.ndarray, **options):
    """Keypoints (B, K, 2) and scores (B, K)."""
    codec = BatchUDPHeatmap(**SIZES, **options)
    keypoints, scores = codec.batch_decode(torch.from_numpy(maps))
    return np.concatenate(keypoints), np.concatenate(scores)


def newton(maps: np.ndarray, smooth, rescale: bool) -> np.ndarray:
    """DARK-UDP as the papers write it, one map at a time in float64."""
    keypoints = np.empty((*maps.shape[:2], 2))
    for person, part in np.ndindex(maps.shape[:2]):
        heatmap = maps[person, part].astype(np.float64)
        y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
        logs = smooth(heatmap)
        if rescale:
            logs = logs * heatmap.max() / logs.max()
        logs = np.pad(np.log(np.clip(logs, 1e-3, 50)), 1, mode='edge')
        f = logs[y:y + 3, x:x + 3]
        gradient = np.array([f[1, 2] - f[1, 0], f[2, 1] - f[0, 1]]) / 2
        mixed = (f[2, 2] - f[2, 1] - f[1, 2] + 2 * f[1, 1] - f[0, 1] -
                 f[1, 0] + f[0, 0]) / 2
        hessian = np.array([[f[1, 2] - 2 * f[1, 1] + f[1, 0], mixed],
                            [mixed, f[2, 1] - 2 * f[1, 1] + f[0, 1]]])
        hessian += np.eye(2) * np.finfo(np.float32).eps
        keypoints[person, part] = (x, y) - np.linalg.solve(hessian, gradient)
    return keypoints / (47, 63) * (192, 256)


def smooth_mmpose(heatmap):
    return cv2.GaussianBlur(np.pad(heatmap, 5), (11, 11), 0)[5:-5, 5:-5]


def smooth_official(heatmap):
    return cv2.GaussianBlur(heatmap, (11, 11), 0)


@pytest.mark.parametrize('num_keypoints', [17, 133])
def test_decodes_like_stock(num_keypoints):
    maps = heatmaps(0.003, num_keypoints)
    expected = [stock.decode(person) for person in maps]
    keypoints, scores = decode(maps)
    assert np.array_equal(scores, np.concatenate([s for _, s in expected]))
    difference = keypoints - np.concatenate([k for k, _ in expected])
    assert np.abs(difference[scores > 0.01]).max() < 1e-3
    assert (scores > 0.01).mean() > 0.9


@pytest.mark.parametrize('noise', [0.02, 0.2])
def test_is_stock_without_its_rounding_errors(noise):
    # In strong noise a Hessian can be nearly singular; then stock's float32
    # logarithms cost it up to pixels.
    maps = heatmaps(noise)
    keypoints, _ = decode(maps)
    assert np.abs(keypoints -
                  newton(maps, smooth_mmpose, rescale=True)).max() < 1e-6


def test_decodes_like_the_official_code():
    maps = heatmaps(0.02)
    keypoints, _ = decode(maps, numerics='official')
    expected = newton(maps, smooth_official, rescale=False)
    assert np.abs(keypoints - expected).max() < 1e-6
    # The border is what differs from MMPose.
    assert np.abs(decode(maps)[0] - expected).max() > 1


def test_decodes_like_transformers():
    peer = pytest.importorskip(
        'transformers.models.vitpose.image_processing_vitpose')
    maps = heatmaps(0.003)
    peaks, expected_scores = peer.get_keypoint_predictions(maps)
    expected = peer.post_dark_unbiased_data_processing(
        peaks, maps, kernel=11) / (47, 63) * (192, 256)
    keypoints, scores = decode(maps, numerics='hf')
    assert np.array_equal(scores[..., None], expected_scores)
    # Narrower smoothing leaves more noise in the step than MMPose's does.
    difference = np.abs(keypoints - expected)[scores > 0.05]
    assert difference.max() < 1e-3
    assert np.abs(keypoints - decode(maps)[0]).max() > 0.1


@pytest.mark.parametrize('height, background', [(0.02, 0.019), (80., 30.),
                                                (1e-4, 0.), (0.5, -0.2)])
@pytest.mark.parametrize('is_cuda', [False, True])
def test_stretching_matters_only_at_the_clip(height, background, is_cuda,
                                             monkeypatch):
    # On CUDA all maps are stretched, on a CPU those that need it.
    monkeypatch.setattr(torch.Tensor, 'is_cuda', is_cuda)
    # One sharp peak beside a broad one: its smoothed value is far below that
    # of the broad one, so that values leave the clip's range.
    maps = np.zeros((1, 1, 64, 48), np.float32)
    maps[:, :, 40:, 20:] = background
    maps[0, 0, 20, 20:22] = height, height / 3
    keypoints, _ = decode(maps)
    assert np.abs(keypoints -
                  newton(maps, smooth_mmpose, rescale=True)).max() < 1e-6
    assert np.abs(keypoints - stock.decode(maps[0])[0]).max() < 1e-3


@pytest.mark.parametrize('size', [(5, 7), (6, 8), (48, 64)])
@pytest.mark.parametrize('kernel_size', [3, 5, 11])
def test_any_size_of_heatmap_and_kernel(size, kernel_size):
    options = dict(
        input_size=(192, 256),
        heatmap_size=size,
        blur_kernel_size=kernel_size)
    rng = np.random.default_rng(1)
    rows, cols = np.mgrid[:size[1], :size[0]]
    y, x = rng.uniform(0, 1, (2, 9, 1, 1)) * np.array(size)[::-1, None, None,
                                                            None]
    maps = np.exp(-((rows - y)**2 + (cols - x)**2) / 8).astype(np.float32)
    expected, _ = UDPHeatmap(**options).decode(maps)
    keypoints, _ = BatchUDPHeatmap(**options).decode(maps)
    assert np.abs(keypoints - expected).max() < 1e-3


@pytest.mark.parametrize('numerics', ['mmpose', 'official', 'hf'])
def test_maps_without_a_peak_have_finite_results(numerics):
    maps = np.zeros((1, 6, 64, 48), np.float32)
    maps[0, 1] = -0.25
    maps[0, 2, 30, 10] = np.nan
    maps[0, 3, 30, 10] = np.inf
    maps[0, 4, 30:33, 10:13] = 0.7  # a plateau of 3x3
    maps[0, 5] = 0.7
    keypoints, scores = decode(maps, numerics=numerics)
    outside = np.array([-192 / 47, -256 / 63])
    assert np.allclose(keypoints[0, :4], outside)
    assert scores[0].tolist() == np.float32([0, -0.25, 0, 0, 0.7,
                                             0.7]).tolist()
    assert np.isfinite(keypoints).all()
    # The step starts at the plateau's first pixel and leads to its middle.
    assert np.abs(keypoints[0, 4] / (192, 256) * (47, 63) - (11, 31)).max() < 1


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_decoded_in_full(dtype):
    maps = torch.from_numpy(heatmaps(0.003)).to(dtype)
    codec = BatchUDPHeatmap(**SIZES)
    expected, _ = codec.locate(maps.float())
    with torch.autocast('cpu', dtype=torch.bfloat16):
        keypoints, scores = codec.locate(maps)
    assert torch.equal(keypoints, expected)
    assert (keypoints.dtype, scores.dtype) == (torch.float64, torch.float32)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA')
def test_cuda_agrees_with_the_cpu():
    maps = torch.from_numpy(heatmaps(0.003))
    codec = BatchUDPHeatmap(**SIZES)
    for here, there in zip(codec.locate(maps), codec.locate(maps.cuda())):
        assert there.is_cuda and torch.allclose(here, there.cpu(), atol=1e-6)


@pytest.mark.parametrize('sigma', [1, 1.5, 2, 3.])
def test_draws_the_targets_of_stock(sigma):
    rng = np.random.default_rng(0)
    keypoints = rng.uniform((-40, -40), (232, 296), (20, 1, 17, 2))
    keypoints = keypoints.astype(np.float32)
    visible = rng.uniform(0, 1, (20, 1, 17)).astype(np.float32)
    codec = BatchUDPHeatmap(**SIZES, sigma=sigma)
    packed = [codec.encode(*person) for person in zip(keypoints, visible)]
    drawn = codec.draw(
        [torch.from_numpy(person['keypoint_labels'][0]) for person in packed])
    peer = UDPHeatmap(**SIZES, sigma=sigma)
    for person, maps, *labels in zip(packed, drawn, keypoints, visible):
        expected = peer.encode(*labels)
        assert np.abs(maps.numpy() - expected['heatmaps']).max() < 1e-6
        assert np.array_equal(person['keypoint_weights'],
                              expected['keypoint_weights'])


def test_draws_samples_of_several_datasets():
    codec = BatchUDPHeatmap(**SIZES)
    labels = [torch.rand(17, 2) * 40, torch.rand(133, 2) * 40]
    together = codec.draw(labels)
    for one, maps in zip(labels, together):
        assert torch.equal(maps, codec.draw([one])[0])


def test_decodes_what_it_encodes():
    codec = KEYPOINT_CODECS.build(dict(type='BatchUDPHeatmap', **SIZES))
    keypoints = np.random.default_rng(0).uniform(
        20, 170, (1, 17, 2)).astype(np.float32)
    packed = codec.encode(keypoints)
    assert packed['keypoint_weights'].tolist() == [[1.] * 17]
    maps, = codec.draw([torch.from_numpy(packed['keypoint_labels'][0])])
    decoded, _ = codec.decode(maps.numpy())
    # Like UDPHeatmap: the crop's pixels are w - 1 apart when encoding, w when
    # decoding, because the estimator divides by w again.
    assert np.abs(decoded / (192, 256) * (191, 255) - keypoints).max() < 0.02


@pytest.mark.parametrize('wrong, word', [
    (dict(numerics='cv2'), "numerics='cv2'"),
    (dict(blur_kernel_size=10), 'blur_kernel_size=10'),
])
def test_wrong_argument_is_named(wrong, word):
    with pytest.raises(ValueError, match=word):
        BatchUDPHeatmap(**SIZES, **wrong)


def test_wrong_shapes_are_named():
    codec = BatchUDPHeatmap(**SIZES)
    with pytest.raises(ValueError, match=r'\(32, 24\).*\(48, 64\)'):
        codec.locate(torch.zeros(1, 17, 32, 24))
    with pytest.raises(ValueError, match='one person, got 2'):
        codec.encode(np.zeros((2, 17, 2)))
