# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import time
from multiprocessing import active_children

import pytest

from vitpose_tools.pool import in_processes


def double(number: int) -> int:
    time.sleep(.001)
    return 2 * number


def test_results_come_in_the_order_of_the_items():
    with in_processes(double, range(20), 2) as results:
        assert list(results) == list(range(0, 40, 2))


def test_processes_end_at_once_with_whoever_takes_the_results():
    # As Ctrl-C between two results; the error, and with it the frame that
    # called, is still held where the processes have to be gone.
    with pytest.raises(KeyboardInterrupt) as held:
        with in_processes(double, range(10**5), 2) as results:
            next(results)
            raise KeyboardInterrupt

    assert held.value is not None
    assert not active_children()
