# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Sequence

from mmengine.dataset import ConcatDataset
from mmpose.registry import DATASETS


@DATASETS.register_module()
class JointDataset(ConcatDataset):
    """Several datasets one after the other, each with its own class,
    skeleton, metainfo and pipeline.

    Its ``metainfo`` is that of the first one, and has under ``joined`` those
    of all, by name.

    Args:
        datasets: Configs of the datasets.
        pipeline: What tools read and change that know of one pipeline only:
            [dict(type='ChooseLeaf')] tells the inferencer which config to
            take. None of its steps is run; if `browse_dataset` empties it,
            those of the datasets are left out, and ``pack_transformed`` of
            its last step goes to theirs.
        lazy_init: Whether to read the annotations later.

    Raises:
        ValueError: If there are no datasets.
    """

    def __init__(self, datasets: Sequence[dict], pipeline: List[dict],
                 lazy_init: bool = False) -> None:
        if not datasets:
            raise ValueError(f'datasets={datasets} must have at least one')
        packing = dict(pipeline[-1]) if pipeline else {}
        packing = {key: packing[key] for key in ['pack_transformed']
                   if key in packing}
        parts = []
        for dataset in datasets:
            own = dataset.get('pipeline', []) if pipeline else []
            if own:
                own = [*own[:-1], dict(own[-1], **packing)]
            parts.append(DATASETS.build(dict(dataset, pipeline=own)))
        joined = [part.metainfo for part in parts]
        super().__init__(
            parts, lazy_init,
            ignore_keys=sorted({key for info in joined for key in info}))
        self._metainfo = dict(
            joined[0], joined={info['dataset_name']: info for info in joined})
