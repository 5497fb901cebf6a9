# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .errors import PredictError
from .poses import Poses, Skeleton
from .predictor import Predictor

__all__ = ['Poses', 'PredictError', 'Predictor', 'Skeleton']
