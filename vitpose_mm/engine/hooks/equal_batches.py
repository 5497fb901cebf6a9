# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmengine.dist import all_gather_object
from torch.utils.data import DataLoader


def check_equal_batches(loader: DataLoader) -> None:
    """Refuse a training whose processes have more and fewer batches: they
    meet in each step, and the one with more would wait for ever.

    Args:
        loader: Of this process.

    Raises:
        ValueError: If so; names the batches of each.
    """
    try:
        own = len(loader)
    except TypeError:  # without end
        own = None
    counts = all_gather_object(own)
    if len(set(counts)) > 1:
        raise ValueError(
            f'train_dataloader gives the processes {counts} batches per '
            'epoch, and they have to be as many in each; let the sampler '
            'round up (DefaultSampler with round_up=True), or set drop_last')
