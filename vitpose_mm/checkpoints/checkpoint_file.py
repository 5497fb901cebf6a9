# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

from .layouts import LAYOUTS, detect, looks_like
from .names import BACKBONE, PARALLEL_CONV, StateDict, datasets_of, sort_heads
from .other_functions import foreign_feature, wrong_width
from .positions import Grid
from .read import CheckpointError
from .report import Report
from .training_config import trained_geometry
from .unwrap import (as_tensor, inner_dict, is_wrapped, meta_of, metadata_of,
                     stored_grid, unwrap)

# Key of a module's metadata under which it finds the file.
FILE = 'vitpose_mm_file'


@dataclass
class CheckpointFile:
    """What a file holds, with the file's own names.

    Attributes:
        source: The file, for messages.
        tensors: Name to tensor.
        meta: What it says about itself.
        stored_grid: (rows, cols) of the position embedding, if our ViT wrote
            it beside the tensors.
        is_wrapped: Whether MMEngine does not find the tensors by itself.
    """

    source: str
    tensors: StateDict
    meta: dict = field(default_factory=dict)
    stored_grid: Optional[Grid] = None
    is_wrapped: bool = False

    @classmethod
    def of(cls, checkpoint: Any, source: Union[str,
                                               Path]) -> 'CheckpointFile':
        """Unwrap what read_checkpoint returned."""
        return cls(
            str(source), unwrap(checkpoint), meta_of(checkpoint),
            stored_grid(checkpoint), is_wrapped(checkpoint))

    @property
    def layout(self) -> Optional[str]:
        """Key of LAYOUTS, None if the layout is none of them."""
        return detect(self.tensors)

    @property
    def grid(self) -> Optional[Grid]:
        """(rows, cols) of the position embedding as the file states it: beside
        its tensors, or in the config of its training; None if it does not."""
        img_size, stride = trained_geometry(self.meta)
        if self.stored_grid or img_size is None:
            return self.stored_grid
        return img_size[0] // stride, img_size[1] // stride

    def to_ours(self, num_patches: Optional[int] = None
                ) -> Tuple[StateDict, Report]:
        """Bring the tensors to our layout.

        Args:
            num_patches: Of the grid that the file was trained on, where that
                is known.

        Returns:
            Name to tensor, and what was folded and ignored.

        Raises:
            CheckpointError: If the layout is unknown, a tensor is missing or
                the ViT computes something that ours does not.
        """
        report = Report(self.source, self.layout)
        if report.layout is None:
            raise CheckpointError(
                f'{self.source} holds no ViTPose or ViT weights in a layout '
                'that is known here; it looks like '
                f'{looks_like(self.tensors)}')
        try:
            ours = LAYOUTS[report.layout].to_ours(self.tensors, report,
                                                  num_patches)
        except KeyError as error:
            raise CheckpointError(
                f"{self.source} is incomplete: it has the layout "
                f"'{report.layout}' but no tensor {error}") from error
        if report.layout != 'vitpose_mm':
            # Users' own models may well have further parts.
            feature = foreign_feature(
                key for key in ours
                if not PARALLEL_CONV.search(key)) or wrong_width(ours)
            if feature:
                raise CheckpointError(report.without(feature))
        order = self.meta.get('datasets')
        if isinstance(order, str):
            # .safetensors files sort their names.
            ours = sort_heads(ours, order.split(','))
        report.datasets = datasets_of(ours)
        return ours, report


class FileMetadata(OrderedDict):
    """The metadata that PyTorch keeps beside a state dict, by module name,
    from which every module, whatever its name, also gets the file.

    PyTorch hands a module its entry when it loads. A model's ViT sees only
    the tensors below its own name, so this is how it learns which file they
    are from, and finds those that have other names there.
    """

    def __init__(self, entries: Dict[str, dict], file: CheckpointFile) -> None:
        super().__init__(entries)
        self.file = file

    def get(self, name: str, default: Any = None) -> dict:
        return {**super().get(name, {}), FILE: self.file}

    def __reduce__(self) -> tuple:
        """Without the file: what was loaded can be saved and read again."""
        return OrderedDict, (list(self.items()), )


def heads_of(file: CheckpointFile) -> StateDict:
    """The heads of a pose model's file by MMPose's names; {} if the file has
    none or MMEngine finds them itself."""
    layout = LAYOUTS.get(file.layout)
    if hasattr(layout, 'heads_to_ours'):
        return layout.heads_to_ours(file.tensors)
    return {key: tensor for key, tensor in file.tensors.items()
            if key.startswith(('head.', 'heads.'))} \
        if layout and file.is_wrapped else {}


def hand_over(checkpoint: Any, source: Union[str, Path]) -> Any:
    """Prepare what was read for whatever model loads it.

    All models of a process load through here, so a backbone keeps its names:
    a ViT of this package brings them to ours when they reach it. Only heads,
    which are MMPose's and know nothing of layouts, get our names here.

    Args:
        checkpoint: What a file holds.
        source: The file, for messages.

    Returns:
        The checkpoint with FileMetadata at its state dict.
    """
    if not isinstance(checkpoint, dict):
        return checkpoint
    file = CheckpointFile.of(checkpoint, source)
    heads = heads_of(file)
    if heads:
        tensors = {key: tensor for key, tensor in file.tensors.items()
                   if key.startswith(BACKBONE)}
        kept = checkpoint if 'state_dict' in checkpoint else {}
        checkpoint = dict(kept, meta=file.meta,
                          state_dict={**tensors, **heads})
    if inner_dict(checkpoint) is checkpoint:
        checkpoint = dict(state_dict=checkpoint)
    is_nested = isinstance(checkpoint.get('state_dict'), dict)
    inner = checkpoint['state_dict'] if is_nested else checkpoint
    state_dict = OrderedDict(
        (key, as_tensor(value)) for key, value in inner.items())
    state_dict._metadata = FileMetadata(metadata_of(inner), file)
    return {**checkpoint, 'state_dict': state_dict} if is_nested \
        else state_dict
