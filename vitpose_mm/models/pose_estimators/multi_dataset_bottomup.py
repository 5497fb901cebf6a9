# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Sequence

import torch
from mmengine.model import ModuleDict
from mmpose.models.pose_estimators import BottomupPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from vitpose_mm.datasets.registered_metainfo import registered_metainfo
from .idle_parts import IdleParts


@MODELS.register_module()
class MultiDatasetBottomupPoseEstimator(BottomupPoseEstimator):
    """One backbone and one ``QueryPoseHead`` for several datasets, with an
    expert and tokens for each.

    Each image is asked for the keypoints of its dataset, which it names
    itself (``dataset_name`` in its metainfo), so batches may mix datasets.
    An image in which several are labelled, people and animals say, is in
    several datasets. Experts and tokens without samples stay as they are in
    a step.

    Args:
        backbone: Config of a ViTMoE with one expert per skeleton of the
            head, or of any other backbone, which all datasets then share.
        head: Config of a QueryPoseHead with several ``num_keypoints``.
        neck: Config of the neck, which all share.
        test_cfg: As in QueryPoseHead.predict. With ``dataset``,
            ``dataset_meta`` is that dataset's, whatever a checkpoint says.
        train_cfg, data_preprocessor, init_cfg: As in BottomupPoseEstimator.

    Raises:
        ValueError: If there are not as many experts as skeletons.
    """

    def __init__(self,
                 backbone: dict,
                 head: dict,
                 neck: Optional[dict] = None,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg)
        self.num_experts = getattr(self.backbone, 'num_experts', 1)
        names = list(self.heads)
        if self.num_experts not in (1, len(names)):
            raise ValueError(f'the backbone has {self.num_experts} experts, '
                             f'but the head has {len(names)} skeletons: '
                             f'{names}')
        self.idle_parts = IdleParts(len(names))
        chosen = self.test_cfg.get('dataset')
        self._chosen_meta = None
        if chosen is not None:
            self.head.routes(self.test_cfg)  # names what there is
            self._chosen_meta = registered_metainfo(chosen)

    @property
    def dataset_meta(self) -> Optional[dict]:
        """Metainfo of the dataset that the model predicts."""
        return self._chosen_meta or self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: Optional[dict]) -> None:
        self._dataset_meta = dataset_meta

    @property
    def heads(self) -> ModuleDict:
        """What of the head belongs to one dataset each."""
        return self.head.skeletons

    def extract_feat(self, inputs: Tensor,
                     rows: Dict[str, List[int]]) -> Sequence[Tensor]:
        """Extract features.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            rows: Of the batch, for each dataset.

        Returns:
            Maps (B, C, h, w), one per level.
        """
        if self.num_experts == 1:
            feats = self.backbone(inputs)
        else:
            experts = torch.zeros(len(inputs), dtype=torch.int64)
            for index, own in enumerate(rows.values()):
                experts[own] = index
            feats = self.backbone(inputs, experts)
        return self.neck(feats) if self.with_neck else feats

    def loss(self, inputs: Tensor,
             data_samples: Sequence[PoseDataSample]) -> Dict[str, Tensor]:
        """Compute each dataset's loss on its part of the batch.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            data_samples: B samples with labels.

        Returns:
            '<dataset>/loss_<term>', of all datasets together the mean over
            the people of the batch.
        """
        rows = self.head.groups(data_samples)
        if torch.is_grad_enabled():
            self.idle_parts.note(
                self, [index for index, own in enumerate(rows.values())
                       if own])
        return self.head.loss(
            self.extract_feat(inputs, rows), data_samples, self.train_cfg)

    def predict(
            self, inputs: Tensor, data_samples: Sequence[PoseDataSample]
    ) -> Sequence[PoseDataSample]:
        """Find the people, or animals, of each image.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            data_samples: B samples of any datasets.

        Returns:
            The samples with ``pred_instances``, in pixels of the image files.
        """
        rows = self.head.groups(data_samples, self.test_cfg)
        found = self.head.predict(
            self.extract_feat(inputs, rows), data_samples, self.test_cfg)
        return self.add_pred_to_datasample(found, None, data_samples)

    def _forward(self, inputs: Tensor) -> Sequence[Tensor]:
        """What ``QueryPoseHead.forward`` returns for the keypoints of
        test_cfg.dataset, for mode 'tensor', in which no sample tells its."""
        chosen = self.test_cfg.get('dataset')
        if chosen is None:
            raise ValueError("mode 'tensor' does not tell the datasets of the "
                             'images; choose one with test_cfg.dataset, of '
                             f'{list(self.heads)}')
        index = self.head.routes().index(chosen)
        if self.num_experts == 1:
            feats = self.backbone(inputs)
        else:
            feats = self.backbone(inputs, index)
        return self.head(self.neck(feats) if self.with_neck else feats, chosen)
