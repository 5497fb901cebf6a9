# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

import numpy as np
from mmengine.dataset import BaseDataset

from .finding import Finding

# Samples that are looked at; they are unpickled one by one.
MOST = 100_000


def check_samples(dataset: BaseDataset) -> List[Finding]:
    """Check what a dataset of another format than COCO's has read.

    Args:
        dataset: The dataset; a lazy one, which has read nothing, passes.
    """
    if not dataset._fully_initialized:
        return []
    number = dataset.metainfo['num_keypoints']
    rows = np.unique(
        np.linspace(0, len(dataset) - 1, min(MOST, len(dataset))).astype(int))
    wrong, lost = [], []
    for row in rows.tolist():
        # Without the metainfo, which MMPose adds to each.
        sample = BaseDataset.get_data_info(dataset, row)
        keypoints = np.asarray(sample['keypoints'])
        visible = np.asarray(sample['keypoints_visible'])
        if keypoints.shape[-2] != number:
            wrong.append((sample['id'], keypoints.shape[-2]))
        elif not np.isfinite(keypoints[visible > 0]).all():
            lost.append(sample['id'])
    findings = []
    if wrong:
        findings.append(
            Finding('keypoint-count', dataset.ann_file,
                    f'samples have {wrong[0][1]} keypoints (for example '
                    f"sample {wrong[0][0]}), where the dataset's metainfo has "
                    f'{number}', 'take a dataset class or metainfo with the '
                    'skeleton of the file', count=len(wrong),
                    total=len(rows)))
    if lost:
        findings.append(
            Finding('keypoint-nan', dataset.ann_file,
                    'samples have a labelled keypoint whose coordinate is '
                    f'NaN or null (for example sample {lost[0]})',
                    'mark it as not labelled', count=len(lost),
                    total=len(rows)))
    return findings
