# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ChooseLeaf(BaseTransform):
    """Stands for the pipeline of joined datasets where a tool wants one.

    Args:
        pack_transformed: Set by `browse_dataset`, read by JointDataset.

    Raises:
        ValueError: Always: each dataset has its own pipeline and skeleton,
            and the tool does not say which one a picture is of.
    """

    def __init__(self, pack_transformed: bool = False) -> None:
        raise ValueError(
            'a joint config does not say which of its datasets a picture is '
            'of: take the config of one, such as configs/body_2d_keypoint/'
            'topdown_heatmap/coco/td-hm_ViTPose-plus-base_8xb64-210e_coco-'
            '256x192.py, with the same checkpoint')

    def transform(self, results: dict) -> dict:
        """Never reached."""
        return results
