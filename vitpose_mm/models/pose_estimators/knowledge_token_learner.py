# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS


@MODELS.register_module()
class KnowledgeTokenLearner(TopdownPoseEstimator):
    """A trained ViTPose of which nothing but the knowledge token learns.

    Stage one of token distillation (arXiv 2204.12484, section 3.4): the
    token that makes a frozen teacher's heatmaps best. Frozen here and not by
    a hook, because data-parallel wrappers and optimisers look at what learns
    before any hook runs. Batch norms and drop path are those of the test,
    also in training.

    Args:
        backbone: Config of a ViT with ``num_knowledge_tokens``.
        neck, head, train_cfg, test_cfg: As in TopdownPoseEstimator.
        data_preprocessor, init_cfg, metainfo: As in TopdownPoseEstimator.

    Raises:
        ValueError: If the backbone has no knowledge token.
    """

    def __init__(self,
                 backbone: dict,
                 neck: Optional[dict] = None,
                 head: Optional[dict] = None,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 metainfo: Optional[dict] = None) -> None:
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            metainfo=metainfo)
        token = getattr(self.backbone, 'knowledge_token', None)
        if token is None:
            raise ValueError(
                f'KnowledgeTokenLearner has a {type(self.backbone).__name__} '
                'without knowledge token: set '
                'model.backbone.num_knowledge_tokens=1')
        self.requires_grad_(False)
        token.requires_grad_(True)

    def train(self, mode: bool = True) -> 'KnowledgeTokenLearner':
        """Stay in eval mode."""
        return super().train(False)
