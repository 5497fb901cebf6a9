# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a checkpoint may name while it is unpickled, beyond tensors.

MMEngine writes training state beside the weights: ``HistoryBuffer`` objects
(log history) and NumPy arrays and numbers (dataset meta, scores). PyTorch's
weights-only reading refuses these unless they are listed here. Nothing on the
list can import, call or write anything of the file's choosing.
"""
import codecs
from typing import Any, Callable, Dict

import numpy as np
from mmengine.logging import HistoryBuffer


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


def allowed_globals() -> Dict[str, Any]:
    """Name in the pickle stream -> what it stands for in this process."""
    reconstruct = np.empty(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    allowed = {
        'builtins.getattr': get_statistics_method,
        'mmengine.logging.history_buffer.HistoryBuffer': HistoryBuffer,
        # Turns the text that an array's bytes are written as into bytes.
        '_codecs.encode': codecs.encode,
        'numpy.ndarray': np.ndarray,
        'numpy.dtype': np.dtype,
    }
    # NumPy 2 renamed the module; files of either age are about.
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        allowed[f'{module}._reconstruct'] = reconstruct
        allowed[f'{module}.scalar'] = scalar
    for code in np.typecodes['AllInteger'] + np.typecodes['Float'] + '?':
        dtype_class = type(np.dtype(code))
        name = f'{dtype_class.__module__}.{dtype_class.__qualname__}'
        allowed[name] = dtype_class
    return allowed
