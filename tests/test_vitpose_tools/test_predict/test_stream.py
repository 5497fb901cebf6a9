# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import threading
import time

import numpy as np
import pytest

from vitpose_tools.predict.frame import Boxes, Frame
from vitpose_tools.predict.network import CropSpec
from vitpose_tools.predict.poses import Skeleton
from vitpose_tools.predict.stream import (QUEUE, WAITING_BYTES, stream_topdown,
                                          stream_whole)


class Network:
    """Sees how bright the middle of each crop is."""

    skeleton = Skeleton('dot', ('dot', ))
    crop = CropSpec((8, 8), padding=1.)

    def __init__(self):
        self.batches = []

    def __call__(self, crops):
        self.batches.append(len(crops))
        scores = crops[:, 4, 4, :1].astype(np.float32)
        return np.full((len(crops), 1, 2), 4.), scores


def make_frames(count, size=(40, 40), source='a.avi'):
    for index in range(count):
        yield Frame(np.full((*size, 3), index % 250, np.uint8), source, index)


def some_people(frame):
    """As many as the last digit of the index, each further right."""
    count = frame.index % 10
    x = np.arange(count)[:, None] * 2.
    return Boxes(np.hstack((x, x * 0, x + 20, x * 0 + 20)).astype(np.float32),
                 np.linspace(0, 1, count), np.arange(count))


@pytest.mark.parametrize('batch_size', [1, 7, 1000])
def test_people_of_many_frames_fill_batches_and_return_in_order(batch_size):
    network = Network()
    found = list(stream_topdown(make_frames(60), some_people, network,
                                batch_size))
    assert [frame.index for frame, _ in found] == list(range(60))
    people = sum(n % 10 for n in range(60))
    assert sum(network.batches) == people
    assert len(network.batches) == -(-people // batch_size)
    for frame, poses in found:
        count = frame.index % 10
        assert len(poses) == count and poses.frame == frame.index
        assert (poses.scores == frame.index).all()
        np.testing.assert_allclose(
            poses.keypoints[:, 0, 0], 10 + 2 * np.arange(count), atol=1e-5)
        assert poses.track_ids.tolist() == list(range(count))
        assert poses.size == (40, 40) and poses.image is frame.image


def test_a_box_without_area_gives_a_person_without_keypoints():
    boxes = Boxes(np.array([[5, 5, 5, 9], [0, 0, 20, 20], [np.nan] * 4],
                           np.float32), np.ones(3))
    (_, poses), = stream_topdown(make_frames(1), lambda frame: boxes,
                                 Network(), 4)
    assert np.isnan(poses.keypoints[[0, 2]]).all()
    assert np.isfinite(poses.keypoints[1]).all()
    assert poses.scores[[0, 2]].tolist() == [[0], [0]]


def test_little_is_read_ahead_and_little_waits():
    """A person in the first frame, and then nobody."""
    read = []

    def frames():
        for frame in make_frames(40, (4000, 4000)):
            read.append(frame.index)
            yield frame

    def first_only(frame):
        return some_people(Frame(frame.image, '', int(frame.index == 0)))

    results = stream_topdown(frames(), first_only, Network(), 100)
    next(results)
    time.sleep(.3)
    frame_bytes = 4000 * 4000 * 3
    # One more in the hands of each of the three threads.
    assert len(read) <= WAITING_BYTES / frame_bytes + 3 * (QUEUE + 1) + 1
    results.close()


def test_a_frame_of_a_camera_does_not_wait_for_others():
    network = Network()
    waiting = threading.Event()

    def camera():
        yield from make_frames(4, source='camera:0')
        waiting.wait(10)

    results = stream_topdown(camera(), some_people, network, 100)
    for index in range(4):
        assert next(results)[0].index == index
    assert network.batches == [1, 2, 3]
    waiting.set()


@pytest.mark.parametrize('part', ['frames', 'boxes', 'network'])
def test_an_error_in_a_thread_ends_the_run_with_its_message(part):
    def fail(*args):
        raise ValueError(f'the {part} failed')

    def frames():
        yield from make_frames(30)
        if part == 'frames':
            fail()

    network = Network()
    if part == 'network':
        network = type('Failing', (Network, ), dict(__call__=fail))()
    before = threading.active_count()
    with pytest.raises(ValueError, match=f'the {part} failed'):
        list(stream_topdown(frames(), fail if part == 'boxes' else
                            some_people, network, 8))
    assert threading.active_count() == before


def test_whoever_stops_early_leaves_no_thread():
    before = threading.active_count()
    closed = []

    def endless():
        try:
            while True:
                yield from make_frames(10)
        finally:
            closed.append(True)

    for stream in (stream_topdown(endless(), some_people, Network(), 8),
                   stream_whole(endless(), lambda frame: frame.index)):
        for _ in range(15):
            next(stream)
        stream.close()
    assert closed == [True, True]
    assert threading.active_count() == before
