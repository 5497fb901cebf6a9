# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from vitpose_mm.datasets.registered_metainfo import registered_metainfo
from vitpose_mm.names import (KeypointName, NameFilters, NameVectors,
                              keypoint_names)
from .named_conv import NamedConv

Features = Tuple[Tensor, ...]
MSE = dict(type='KeypointMSELoss', use_target_weight=True)


class ByName(HeatmapHead):
    """A HeatmapHead whose last layer is a NamedConv."""

    @property
    def names(self) -> List[KeypointName]:
        """What its keypoints are; empty once folded."""
        return getattr(self.final_layer, 'names', [])

    def loss(self,
             feats: Features,
             batch_data_samples: Sequence[PoseDataSample],
             train_cfg: Optional[dict] = None) -> Dict[str, Tensor]:
        """As HeatmapHead.loss; notes which names are learned."""
        self.final_layer.note(torch.cat([
            sample.gt_instance_labels.keypoint_weights
            for sample in batch_data_samples]))
        return super().loss(feats, batch_data_samples, train_cfg or {})

    def switch_to_deploy(self, test_cfg: Optional[dict] = None) -> None:
        """Become a stock head, with the same outputs."""
        if isinstance(self.final_layer, NamedConv):
            self.final_layer = self.final_layer.fold()


@MODELS.register_module()
class NamedHeatmapHead(ByName):
    """Heatmaps of keypoints that are asked for by name.

    MMPose's HeatmapHead whose last filters are made out of the names of the
    keypoints, so that one head serves any skeleton, and what has one name in
    several datasets is one thing. Loss, codec and flip test are the stock
    ones. In a MultiDatasetTopdownPoseEstimator it serves all datasets; its
    own ``dataset`` or ``names`` are then left out.

    Args:
        in_channels: C of the backbone's maps.
        dataset: ``dataset_name`` of a registered dataset, whose keypoints
            are found.
        names: Of the keypoints instead, in their order.
        encoder: What embeds names: None for the vectors of this package, or
            name or folder of a text model of transformers.
        hidden_channels: Of the network that makes filters.
        deconv_out_channels, deconv_kernel_sizes: As in HeatmapHead.
        conv_out_channels, conv_kernel_sizes: As in HeatmapHead.
        final_layer: ``kernel_size`` and ``padding`` of the filters.
        loss, decoder, init_cfg: As in HeatmapHead.

    Raises:
        ValueError: If no dataset is called so, or a name is not understood
            or cannot be embedded.
    """

    def __init__(self,
                 in_channels: int,
                 dataset: Optional[str] = None,
                 names: Optional[Sequence[str]] = None,
                 encoder: Optional[str] = None,
                 hidden_channels: int = 256,
                 deconv_out_channels: Optional[Sequence[int]] = (256, 256),
                 deconv_kernel_sizes: Optional[Sequence[int]] = (4, 4),
                 conv_out_channels: Optional[Sequence[int]] = None,
                 conv_kernel_sizes: Optional[Sequence[int]] = None,
                 final_layer: dict = dict(kernel_size=1),
                 loss: dict = MSE,
                 decoder: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        parsed = names_of(dataset, names) if dataset or names else []
        super().__init__(
            in_channels,
            len(parsed),
            deconv_out_channels=deconv_out_channels,
            deconv_kernel_sizes=deconv_kernel_sizes,
            conv_out_channels=conv_out_channels,
            conv_kernel_sizes=conv_kernel_sizes,
            final_layer=None,
            loss=loss,
            decoder=decoder,
            init_cfg=init_cfg)
        self.channels = [
            in_channels, *(deconv_out_channels or ()),
            *(conv_out_channels or ())][-1]
        self.parts = dict(loss=loss, decoder=decoder)
        self.vectors = NameVectors(encoder)
        self.padding = final_layer.get('padding', 0)
        self.filters = NameFilters(
            self.vectors.dim, self.channels,
            final_layer.get('kernel_size', 1), hidden_channels)
        if parsed:
            self.final_layer = self.named_conv(parsed)

    def named_conv(self, names: List[KeypointName],
                   is_saved: bool = True) -> NamedConv:
        """The last layer of some keypoints."""
        return NamedConv(self.filters, names, self.vectors, self.padding,
                         is_saved)

    def trunk(self, feats: Features) -> Tensor:
        """All layers but the last: maps (B, C, h, w) that names filter."""
        return self.conv_layers(self.deconv_layers(feats[-1]))


class NamedView(ByName):
    """The keypoints of one dataset in a NamedHeatmapHead that others use too.

    Takes what its ``trunk`` gives.

    Args:
        head: The shared head, which owns all that is learned.
        names: Of the dataset's keypoints.
        loss, decoder: Instead of the shared head's.
        is_saved: Whether checkpoints hold the names' vectors.
    """

    def __init__(self,
                 head: NamedHeatmapHead,
                 names: List[KeypointName],
                 loss: Optional[dict] = None,
                 decoder: Optional[dict] = None,
                 is_saved: bool = True) -> None:
        super().__init__(
            head.channels,
            len(names),
            deconv_out_channels=None,
            deconv_kernel_sizes=None,
            final_layer=None,
            loss=loss or head.parts['loss'],
            decoder=decoder or head.parts['decoder'])
        self.final_layer = head.named_conv(names, is_saved)

    def take_trunk(self, head: NamedHeatmapHead) -> None:
        """Own the shared layers and fold the names: what is left is a stock
        head that takes the backbone's maps."""
        self.switch_to_deploy()
        self.in_channels = head.in_channels
        self.deconv_layers = head.deconv_layers
        self.conv_layers = head.conv_layers


def names_of(dataset: Optional[str],
             names: Optional[Sequence[str]] = None) -> List[KeypointName]:
    """Names of the keypoints of a dataset.

    Args:
        dataset: Its ``dataset_name``, whose habits are known.
        names: Its own; None are those of its registered metainfo.

    Raises:
        ValueError: If none is registered, or a name is not understood.
    """
    if names is None:
        info = registered_metainfo(dataset)
        if info is None:
            raise ValueError(
                f"no registered dataset is called '{dataset}', so that its "
                "keypoints have no names; write names=['left knee', ...] in "
                'the order of its keypoints')
        names = [info['keypoint_id2name'][k]
                 for k in range(info['num_keypoints'])]
    return keypoint_names(names, dataset)


def view_of(head: NamedHeatmapHead, dataset: str, own: dict) -> NamedView:
    """A dataset's keypoints in a shared head; see ``heads``.

    Raises:
        ValueError: If a key is unknown, or a name is not understood.
    """
    unknown = set(own) - {'names', 'decoder', 'loss'}
    if unknown:
        raise ValueError(
            f"heads['{dataset}'] has the keys {sorted(unknown)}, but all "
            "datasets share one head here: only 'names', 'decoder' and 'loss' "
            'are its own')
    return NamedView(head, names_of(dataset, own.get('names')),
                     own.get('loss'), own.get('decoder'))
