# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Batches that broke a training, on disk."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import numpy as np
import torch
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from mmpose.structures import PoseDataSample

from vitpose_mm.checkpoints.read import read_checkpoint
from vitpose_mm.fileio import write_beside

# Of a sample, what a loss reads.
FIELDS = dict(gt_instances=InstanceData, gt_instance_labels=InstanceData,
              gt_fields=PixelData)


def describe(data_batch: Optional[dict], most: int = 8) -> str:
    """The samples of a batch in words: dataset, file and annotation id."""
    samples = (data_batch or {}).get('data_samples') or []
    names = [
        f'{sample.get("img_path", "an image")} '
        f'(annotation {sample.get("id", "unknown")}, '
        f'{sample.get("dataset_name", "of an unnamed dataset")})'
        for sample in samples[:most]
    ]
    if len(samples) > most:
        names.append(f'{len(samples) - most} more')
    return ', '.join(names) or 'a batch whose samples have no names'


def save_batch(data_batch: Optional[dict], path: Path, step: int) -> None:
    """Save a batch so that it can be read without running code.

    Args:
        data_batch: As a loader hands it to train_step.
        path: Of the new file.
        step: Of the training.
    """
    data_batch = data_batch or {}
    inputs = data_batch.get('inputs', [])
    content = dict(
        step=step,
        inputs=[plain(one) for one in inputs],
        samples=[
            dict(metainfo=plain(sample.metainfo),
                 **{field: plain(dict(sample.get(field).items()))
                    for field in FIELDS if field in sample})
            for sample in data_batch.get('data_samples') or []
        ])
    write_beside(path, lambda partial: torch.save(content, partial))


def load_batch(path: Union[str, Path]) -> Dict[str, List[Any]]:
    """Read what save_batch wrote, for ``model.train_step`` or
    ``model.data_preprocessor``.

    Raises:
        CheckpointError: If the file cannot be read.
    """
    content = read_checkpoint(path)
    samples = []
    for saved in content['samples']:
        sample = PoseDataSample(metainfo=saved['metainfo'])
        for field, kind in FIELDS.items():
            if field in saved:
                sample.set_field(kind(**saved[field]), field)
        samples.append(sample)
    return dict(inputs=content['inputs'], data_samples=samples)


def plain(value: Any) -> Any:
    """Tensors, numbers, texts, lists and dictionaries; others as text."""
    if isinstance(value, BaseDataElement):
        value = dict(value.items())
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray) and value.dtype != object:
        return torch.from_numpy(value.copy())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
