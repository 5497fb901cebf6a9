# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable

import cv2
import numpy as np
import pytest
from mmengine.utils import manager

from vitpose_tools.predict.frame import Frame
from vitpose_tools.predict.poses import Poses, Skeleton

# Decoded to whole heatmap pixels and a quarter: the same of any batch.
PLAIN = ("dict(type='MSRAHeatmap', input_size=(96, 128), "
         'heatmap_size=(24, 32), sigma=2)')
# Random weights make smooth heatmaps with this decoder, whose peaks can be
# refined: of noise, stock's refinement loses its digits.
SMOOTH = """
model = dict(
    backbone=dict(patch_size=16),
    neck=dict(type='FeatureMapProcessor', scale_factor=4.),
    head=dict(deconv_out_channels=None, deconv_kernel_sizes=None,
              final_layer=dict(kernel_size=3, padding=1)))
"""


@pytest.fixture
def write_video(tmp_path) -> Callable[..., Path]:
    """A bright square that walks to the right by 4 pixels a frame."""

    def write(name: str = 'weiße maus.avi', frames: int = 9,
              size=(64, 48)) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(
            str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25., size)
        assert writer.isOpened()
        for index in range(frames):
            frame = np.zeros((*size[::-1], 3), np.uint8)
            frame[20:28, 4 * index:4 * index + 8] = 255
            writer.write(frame)
        writer.release()
        return path

    return write


@pytest.fixture
def skeleton() -> Skeleton:
    return Skeleton(
        'mouse', ('nose', 'pfote, links', 'tail'), links=((0, 1), (1, 2)),
        keypoint_colors=((255, 0, 0), (0, 255, 0), (0, 0, 255)),
        link_colors=((255, 255, 0), (0, 255, 255)))


@pytest.fixture
def make(skeleton) -> Callable[..., tuple]:
    """Make a frame and random people in it; the second of them has no second
    keypoint."""

    def make(source: str, index: int = None, ids=None, people: int = 2,
             size=(64, 48), fps: float = 25.) -> tuple:
        rng = np.random.default_rng([people, index or 0])
        w, h = size
        image = rng.integers(0, 255, (h, w, 3), np.uint8)
        keypoints = rng.uniform(2, (w - 2, h - 2), (people, 3, 2))
        scores = rng.uniform(.3, 1., (people, 3))
        keypoints[1:2, 1], scores[1:2, 1] = np.nan, np.nan
        corners = rng.uniform(0, h / 2, (people, 2))
        poses = Poses(
            skeleton, keypoints.astype(np.float32),
            scores.astype(np.float32),
            np.hstack([corners, corners + 20]).astype(np.float32),
            np.linspace(.9, .5, people).astype(np.float32),
            None if ids is None else np.array(ids, int), source, index,
            image, size)
        return Frame(image, source, index, None if index is None else fps
                     ), poses

    return make


@pytest.fixture
def film(tmp_path) -> Callable[..., Path]:
    """Write a video with sound: a grey that grows by 8 with each frame, up to
    240 and again."""
    av = pytest.importorskip('av')

    def film(name: str = 'ä b.mp4', frames: int = 20, fps=Fraction(25),
             size=(64, 48), codec: str = 'aac') -> Path:
        path = tmp_path / name
        with av.open(str(path), 'w') as file:
            video = file.add_stream('mpeg4', rate=fps)
            video.width, video.height = size
            sound = file.add_stream(codec, rate=8000)
            sound.layout = 'mono'
            for index in range(frames):
                image = np.full((size[1], size[0], 3), 8 * index % 248,
                                np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format='bgr24')
                file.mux(video.encode(frame))
            file.mux(video.encode())
            count = int(8000 * frames / fps)
            tone = 8000 * np.sin(np.arange(count) / 5)
            for start in range(0, count, 1024):
                part = tone[None, start:start + 1024].astype(np.int16)
                frame = av.AudioFrame.from_ndarray(part, 's16', 'mono')
                frame.sample_rate, frame.pts = 8000, start
                frame.time_base = Fraction(1, 8000)
                file.mux(sound.encode(frame))
            file.mux(sound.encode())
        return path

    return film


@pytest.fixture
def while_locked() -> Callable:
    """Call in a thread while MMEngine's lock is taken, as it stays where a
    constructor of a visualizer raised."""

    def call(function: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor() as pool:
            manager._lock.acquire()
            try:
                return pool.submit(function).result(60)
            finally:
                manager._lock.release()

    return call
