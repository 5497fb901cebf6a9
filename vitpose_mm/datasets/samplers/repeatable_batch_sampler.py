# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Iterator, List, Optional

from mmengine.dist import get_dist_info
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler, Sampler

from ..draw import Draw


@DATA_SAMPLERS.register_module()
class RepeatableBatchSampler(Sampler):
    """Batches of a sampler that tell each sample its place in the training.

    A place is the epoch and how many samples all processes drew in it before,
    if the sampler deals one after the other to each process, as MMEngine's
    and ours do. Batches that were trained before an interruption are passed
    over without loading them.

    Args:
        sampler: Any sampler.
        batch_size: Samples per batch.
        drop_last: Whether a smaller last batch is left out.
        batch_sampler: Config of what makes the batches; by default PyTorch's.
    """

    def __init__(self,
                 sampler: Sampler,
                 batch_size: int,
                 drop_last: bool = False,
                 batch_sampler: Optional[dict] = None) -> None:
        self.sampler = sampler
        self.batches = BatchSampler(sampler, batch_size, drop_last) \
            if batch_sampler is None else DATA_SAMPLERS.build(
                batch_sampler,
                default_args=dict(sampler=sampler, batch_size=batch_size))
        self.rank, self.world_size = get_dist_info()
        self.epoch = 0
        self.done = 0

    def start(self, epoch: int, done: int = 0) -> None:
        """Say what comes next.

        Args:
            epoch: From 0.
            done: Batches, from this epoch on, that are passed over.
        """
        self.epoch = epoch
        self.done = done

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[List[Draw]]:
        """The batches of an epoch, and of later ones as long as batches are
        passed over."""
        while True:
            if hasattr(self.sampler, 'set_epoch'):
                self.sampler.set_epoch(self.epoch)
            drawn = self.rank
            for batch in self.batches:
                if self.done:
                    self.done -= 1
                else:
                    yield [
                        Draw(index, (self.epoch, drawn + i * self.world_size))
                        for i, index in enumerate(batch)
                    ]
                drawn += len(batch) * self.world_size
            self.epoch += 1
            if not self.done:
                return
