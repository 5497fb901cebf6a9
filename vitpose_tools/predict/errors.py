# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.


class PredictError(ValueError):
    """Something cannot be predicted; the message is one sentence with the
    cure."""
