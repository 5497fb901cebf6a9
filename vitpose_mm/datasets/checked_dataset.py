# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import errno
import logging
import time
from typing import Any

import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmpose.registry import DATASETS
from torch.utils.data import Dataset

from .transforms.load_checked_image import ImageError

# What a network's file system answers now and then.
PASSING = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN,
           errno.ECONNRESET, errno.ENOTCONN, errno.EHOSTDOWN,
           errno.EHOSTUNREACH, errno.EINTR)
ACTIONS = ('stop', 'skip')
# So many samples in a row that cannot be read are no accident.
MOST = 100


@DATASETS.register_module()
class CheckedDataset(Dataset):
    """Any dataset, with a rule for images that break while it is read.

    An image that has vanished, is cut short or empty stops the run with its
    file and annotation, or gives way to the next sample that can be read, so
    that all processes have as many samples as before. Errors that pass, as of
    a network's disk, are tried again first. Faults of the code are never
    skipped. Load images with ``LoadCheckedImage``, as the recipes do; joint
    datasets are wrapped together.

    Args:
        dataset: Config of the dataset.
        on_error: 'stop', or 'skip' with a warning that counts.
        retries: Of an error that passes, after 1, 2, 4, ... seconds.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, dataset: dict, on_error: str = 'stop',
                 retries: int = 3) -> None:
        if on_error not in ACTIONS:
            raise ValueError(f"on_error='{on_error}' is not one of {ACTIONS}")
        if retries < 0:
            raise ValueError(f'retries={retries} must not be negative')
        self.dataset: BaseDataset = DATASETS.build(dataset)
        self.on_error = on_error
        self.retries = retries
        # One count for the workers, which are other processes.
        self.skipped = torch.zeros(1, dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        """Load a sample, or the next one that can be read.

        Raises:
            ImageError: If it cannot be read, and that is to stop the run.
        """
        for offset in range(min(MOST, len(self))):
            place = (index + offset) % len(self)
            try:
                return self.load(place)
            except (OSError, ImageError) as error:
                text = f'{self.describe(place)}: {error}'
                if self.on_error == 'stop':
                    raise ImageError(text) from error
                self.skipped += 1
                print_log(f'{text}; another sample takes its place, the '
                          f'{int(self.skipped)}. so far', 'current',
                          logging.WARNING)
        raise ImageError(f'{text}; so are all of the {offset + 1} before it')

    def load(self, index: int) -> Any:
        """Load a sample; errors that pass are tried again."""
        for attempt in range(self.retries + 1):
            try:
                return self.dataset[index]
            except OSError as error:
                # MMPose's loader raises a new error of the same type.
                number = error.errno or getattr(
                    error.__context__, 'errno', None)
                if number not in PASSING or attempt == self.retries:
                    raise
                time.sleep(2**attempt)

    def describe(self, index: int) -> str:
        """Which sample it is, in words."""
        info = self.dataset.get_data_info(index)
        return (f'annotation {info.get("id", index)} of '
                f'{info.get("img_path", "an image")}')

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset':  # while it is unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)
