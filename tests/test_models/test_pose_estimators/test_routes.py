# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import torch

from vitpose_mm.models.pose_estimators.routes import reorder, split


def test_reorder_copies_only_where_the_order_changes():
    inputs = torch.randn(3, 2)
    assert reorder(inputs, [0, 1, 2]) is inputs
    assert torch.equal(reorder(inputs, [2, 0, 1]), inputs[[2, 0, 1]])


def test_split_cuts_every_scale_without_copies():
    large, small = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 1, 1)
    first, none, last = split((large, small), [1, 0, 2])
    assert torch.equal(last[0], large[1:]) and torch.equal(first[1], small[:1])
    assert none[0].shape == (0, 4, 2, 2)
    assert last[0].untyped_storage().data_ptr() == large.untyped_storage(
    ).data_ptr()
