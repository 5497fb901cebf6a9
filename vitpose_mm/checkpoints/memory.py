# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import ctypes
import mmap
import sys

from torch import Tensor

# From Linux's <linux/mman.h>; Python's mmap module does not name it.
MADV_PAGEOUT = 21


def release(tensor: Tensor) -> None:
    """Hint that a tensor's pages may leave memory.

    The contents stay: pages of a memory-mapped file are read again when they
    are needed. Without the hint, what is copied out of a mapped file counts
    twice. Does nothing where the system has no such hint.

    Args:
        tensor: Contiguous, on any device.
    """
    if tensor.device.type != 'cpu' or sys.platform != 'linux':
        return
    page = mmap.PAGESIZE
    start = -(-tensor.data_ptr() // page) * page
    length = (tensor.data_ptr() + tensor.nbytes) // page * page - start
    if length > 0:
        ctypes.CDLL(None).madvise(
            ctypes.c_void_p(start), ctypes.c_size_t(length), MADV_PAGEOUT)
