# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Unpickling that runs no code of the file.

A checkpoint may name tensors and little else while it is read. MMEngine
writes training state beside the weights: ``HistoryBuffer`` objects
(log history) and NumPy arrays and numbers (dataset meta, scores). PyTorch's
weights-only reading refuses these unless they are listed here. Nothing on the
list can import, call or write anything of the file's choosing.
"""
import argparse
import codecs
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version


def get_statistics_method(owner: Any, name: str) -> Callable:
    """Stand in for ``builtins.getattr`` in a checkpoint.

    A pickled HistoryBuffer refers to its statistics methods through
    ``getattr``. The real one would let a file walk from any object to any
    attribute, and so to running code; this one answers for these methods only.

    Raises:
        ValueError: If asked for anything else.
    """
    if owner is HistoryBuffer and name in ('min', 'max', 'current', 'mean'):
        return vars(HistoryBuffer)[name]
    raise ValueError(f'getattr({owner!r}, {name!r})')


class PlainDict(dict):
    """Stand in for dicts with attributes, whose state is their items."""

    def __setstate__(self, state: Any) -> None:
        self.update(state if isinstance(state, dict) else {})


def make_dict(*_) -> dict:
    """Stand in for a defaultdict, without its function for new keys."""
    return {}


def no_bytes() -> bytes:
    """Stand in for ``builtins.bytes``, as which an array without elements is
    written: the real one would fill the memory for a number."""
    return b''


def no_value(*_) -> None:
    """Stand in for what makes a defaultdict's values, which has none here:
    text of a list that holds itself often would fill the memory."""


def join_path(*parts: str) -> str:
    """Stand in for a path: text, on whatever system it was written."""
    return '/'.join(map(str, parts)).replace('//', '/')


def allowed_globals() -> Dict[str, Any]:
    """Name in the pickle stream -> what it stands for in this process."""
    reconstruct = np.empty(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    allowed = {
        'builtins.getattr': get_statistics_method,
        'mmengine.logging.history_buffer.HistoryBuffer': HistoryBuffer,
        # Turns the text that an array's bytes are written as into bytes.
        '_codecs.encode': codecs.encode,
        'builtins.bytes': no_bytes,
        'numpy.ndarray': np.ndarray,
        'numpy.dtype': np.dtype,
        'numpy.dtype[str_]': type(np.dtype('U1')),
        'numpy.dtypes.StrDType': type(np.dtype('U1')),
        'numpy.str_': str,
        # Settings that MAE's, DINO's and others' training code writes.
        'argparse.Namespace': argparse.Namespace,
        'mmengine.config.config.ConfigDict': PlainDict,
        'addict.addict.Dict': PlainDict,
        'collections.defaultdict': make_dict,
    }
    for harmless in (bool, float, int):
        allowed[f'builtins.{harmless.__name__}'] = harmless
    # What a defaultdict may be made with; nobody calls them.
    for factory in (dict, list, str):
        allowed[f'builtins.{factory.__name__}'] = no_value
    # As torch.save names them.
    allowed['builtins.long'] = int
    allowed['builtins.unicode'] = no_value
    for name in ('PosixPath', 'WindowsPath', 'PurePosixPath',
                 'PureWindowsPath'):
        for module in ('pathlib', 'pathlib._local'):
            allowed[f'{module}.{name}'] = join_path
    # NumPy 2 renamed the module; files of either age are about.
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        allowed[f'{module}._reconstruct'] = reconstruct
        allowed[f'{module}.scalar'] = scalar
    for code in np.typecodes['AllInteger'] + np.typecodes['Float'] + '?':
        dtype_class = type(np.dtype(code))
        name = f'{dtype_class.__module__}.{dtype_class.__qualname__}'
        allowed[name] = dtype_class
    return allowed


def unpickle(path: Path, map_location: Any, mmap: bool) -> dict:
    """Read what torch.save wrote, with the names of allowed_globals only."""
    allowed = allowed_globals()
    if digit_version(torch.__version__) >= digit_version('2.6.0'):
        pairs = [(value, name) for name, value in allowed.items()]
        with torch.serialization.safe_globals(pairs):
            return torch.load(
                str(path), map_location, weights_only=True, mmap=mmap)
    return unpickle_restricted(path, map_location, mmap)


def unpickle_restricted(path: Path,
                        map_location: Any,
                        mmap: bool = False) -> dict:
    """Read with an unpickler that resolves only listed names.

    For torch < 2.6, whose weights-only reading takes no such list.
    """
    from torch import _weights_only_unpickler
    allowed = {**_weights_only_unpickler._get_allowed_globals(),
               **allowed_globals()}

    class Unpickler(pickle.Unpickler):

        def find_class(self, module: str, name: str) -> Any:
            # torch.save writes Python 2 names.
            module = 'builtins' if module == '__builtin__' else module
            full_name = f'{module}.{name}'
            if full_name not in allowed:
                raise pickle.UnpicklingError(f'GLOBAL {full_name} refused')
            return allowed[full_name]

    def load(file, **options) -> Any:
        return Unpickler(file, **options).load()

    # torch < 2.2 maps what is named by a string alone.
    return torch.load(
        str(path),
        map_location,
        pickle_module=SimpleNamespace(
            __name__='restricted_pickle', Unpickler=Unpickler, load=load),
        weights_only=False,
        mmap=mmap)
