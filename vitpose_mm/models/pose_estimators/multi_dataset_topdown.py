# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import ModuleDict
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from vitpose_mm.datasets.registered_metainfo import registered_metainfo
from ..heads.asked_names import AskedNames, asked_metainfo
from ..heads.named_heatmap_head import NamedHeatmapHead, view_of
from ..layers.parallel_conv import statistics_kept
from .fast_topdown import autocast, check_decoder, unpack
from .idle_parts import IdleParts, refuse_shared_statistics
from .order_of_heads import keep_experts_with_heads
from .routes import Routes, flip_as, reorder, split

Features = Tuple[Tensor, ...]


@MODELS.register_module()
class MultiDatasetTopdownPoseEstimator(TopdownPoseEstimator):
    """One backbone for several datasets, a head for each.

    ViTPose+ (arXiv 2212.04246, section 3.3) with a ``ViTMoE``, multi-dataset
    ViTPose (arXiv 2204.12484, section 4.3) with a plain ``ViT``. Each sample
    goes the way of its dataset, which it names itself (``dataset_name`` in
    its metainfo), so batches may mix datasets in training and in testing.
    Experts and heads compute their own samples only; a head's batch norm
    sees no others. Those without samples stay as they are in a step: weights,
    statistics and the optimiser's state.

    Args:
        backbone: Config of a ViTMoE with one expert per head, or of any
            other backbone, which all datasets then share.
        heads: dataset_name to config of a stock heatmap head, in the order
            of the experts. With ``head``, to what a dataset has of its own:
            ``names`` of keypoints that are not those of its registered
            metainfo, ``decoder``, ``loss``; or to nothing, dict().
        head: Config of a NamedHeatmapHead, which then serves all datasets:
            its deconvolutions compute the whole batch, its last filters each
            dataset's own samples.
        neck: Config of a neck that all datasets share.
        aliases: Other dataset_name to one of ``heads``, for datasets that
            are only tested, for example dict(ochuman='coco').
        loss_weights: dataset_name to the weight of its mean loss. By default
            the dataset's share of the batch, which makes the sum the mean
            over the batch.
        test_cfg: As in FastTopdownPoseEstimator. ``dataset`` names the dataset
            whose way all samples go, whatever they name themselves: its
            expert, head and flip order. ``dataset_meta`` is then that
            dataset's, whatever a checkpoint says. ``heads`` holds options of
            one head: dict(aic=dict(shift_heatmap=True)). ``names`` are the
            keypoints to find, whatever the dataset, of a model with ``head``:
            ['left knee', 'tail'].
        train_cfg, data_preprocessor, init_cfg, metainfo: As in
            TopdownPoseEstimator.

    Raises:
        ValueError: If a name does not occur in ``heads``, their number is
            not that of the experts, a decoder cannot decode ``amp_dtype``,
            or a keypoint's name is not understood or cannot be embedded.
    """

    def __init__(self,
                 backbone: dict,
                 heads: Dict[str, dict],
                 neck: Optional[dict] = None,
                 head: Optional[dict] = None,
                 aliases: Optional[Dict[str, str]] = None,
                 loss_weights: Optional[Dict[str, float]] = None,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 metainfo: Optional[dict] = None) -> None:
        if not heads:
            raise ValueError(f'heads={heads} must have one of each dataset')
        first, *others = heads
        super().__init__(
            backbone=backbone,
            neck=neck,
            head=head or heads[first],
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
            metainfo=metainfo)
        if isinstance(self.head, NamedHeatmapHead):
            self.heads = ModuleDict({
                name: view_of(self.head, name, own or {})
                for name, own in heads.items()})
        else:
            # The base class cannot do without a head, so it has built one.
            self.heads = ModuleDict({first: self.head})
            del self.head
            for name in others:
                self.heads[name] = MODELS.build(heads[name])
        for each in self.heads.values():
            each.test_cfg = self.test_cfg.copy()
            check_decoder(each, self.test_cfg.get('amp_dtype'))
        self.num_experts = getattr(self.backbone, 'num_experts', 1)
        asked = self.test_cfg.get('names')
        chosen = self.test_cfg.get('dataset')
        if asked and chosen is None and self.num_experts == 1:
            chosen = first  # Without experts all ways are the same.
        self.routes = Routes(list(heads), dict(aliases or {}), chosen)
        self.idle_parts = IdleParts(len(heads))
        self.loss_weights = loss_weights
        self.check_names()
        self._register_load_state_dict_pre_hook(
            keep_experts_with_heads, with_module=True)
        self._chosen_meta = self.metainfo
        if self.routes.chosen is not None and metainfo is None:
            self._chosen_meta = registered_metainfo(self.routes.chosen)
        self.asked: Optional[AskedNames] = None
        if asked:
            self.ask(list(asked))

    @property
    def shares_head(self) -> bool:
        """Whether one head serves all datasets."""
        return self.with_head

    def ask(self, names: List[str]) -> None:
        """Find these keypoints in tests, whatever the dataset.

        Raises:
            ValueError: If the model has no head that takes names, or a
                backbone with experts and no chosen dataset; if a name is not
                understood or cannot be embedded.
        """
        if not self.shares_head:
            raise ValueError(
                f'test_cfg.names={names} asks for keypoints by name, but the '
                'heads of this model know no names; it needs head=dict(type='
                "'NamedHeatmapHead', ...)")
        if self.routes.chosen is None:
            raise ValueError(
                f'test_cfg.names={names} does not tell whose expert is to '
                'look; choose one with test_cfg.dataset, of '
                f'{self.routes.names}')
        self.asked = AskedNames(self.head, names)
        self._chosen_meta = asked_metainfo(
            names, self.routes.chosen, self.routes.names)

    def check_names(self) -> None:
        """Raise ValueError if the arguments disagree about the datasets."""
        names = self.routes.names
        if self.num_experts not in (1, len(names)):
            raise ValueError(f'the backbone has {self.num_experts} experts, '
                             f'but there are {len(names)} heads: {names}')
        if self.loss_weights and set(self.loss_weights) != set(names):
            raise ValueError(f'loss_weights={self.loss_weights} must give a '
                             f'weight to each of {names}')

    @property
    def dataset_meta(self) -> dict:
        """Metainfo of the dataset that the model predicts."""
        if self.routes.chosen is not None and self._chosen_meta is not None:
            return self._chosen_meta
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        self._dataset_meta = dataset_meta

    def train(self, mode: bool = True) -> 'MultiDatasetTopdownPoseEstimator':
        """Set the mode; to train, each process keeps its own statistics."""
        if mode:
            refuse_shared_statistics(self.heads)
        return super().train(mode)

    def extract_feat(self, inputs: Tensor,
                     indices: Union[int, Sequence[int]]) -> Features:
        """Extract features.

        Args:
            inputs: Normalised crops, shape (B, 3, H, W).
            indices: Head of each sample, in ascending order, or of all.

        Returns:
            Maps (B, C, h, w), one per scale; of a head that all datasets
            share what its last filters are applied to.
        """
        if self.num_experts == 1:
            feats = self.backbone(inputs)
        elif isinstance(indices, int):
            feats = self.backbone(inputs, indices)
        else:
            feats = self.backbone(inputs,
                                  torch.tensor(indices, dtype=torch.int64))
        if self.with_neck:
            feats = self.neck(feats)
        return (self.head.trunk(feats), ) if self.shares_head else feats

    def loss(self, inputs: Tensor,
             data_samples: Sequence[PoseDataSample]) -> Dict[str, Tensor]:
        """Compute each dataset's loss on its part of the batch.

        Args:
            inputs: Normalised crops, shape (B, 3, H, W).
            data_samples: B samples with targets, each with the keypoints of
                its dataset.

        Returns:
            '<dataset>/loss_kpt' for all datasets, '<dataset>/acc_pose' for
            those in the batch.
        """
        indices = self.routes.indices(data_samples, self.training)
        if torch.is_grad_enabled():
            self.idle_parts.note(self, indices)
        order = sorted(range(len(indices)), key=indices.__getitem__)
        data_samples = [data_samples[i] for i in order]
        feats = self.extract_feat(
            reorder(inputs, order), [indices[i] for i in order])
        lengths = [indices.count(i) for i in range(len(self.heads))]
        losses, start = {}, 0
        for (name, head), length, part in zip(self.heads.items(), lengths,
                                              split(feats, lengths)):
            own = data_samples[start:start + length]
            start += length
            if own:
                terms = head.loss(part, own, train_cfg=self.train_cfg)
                weight = self.loss_weights[name] if self.loss_weights else \
                    length / len(indices)
                terms = {
                    key: value * weight if 'loss' in key else value
                    for key, value in terms.items()
                }
            else:  # Zero gradients, which data-parallel training waits for.
                with statistics_kept(head):
                    terms = dict(loss_kpt=head(part).sum())
            losses.update(
                {f'{name}/{key}': value
                 for key, value in terms.items()})
        return losses

    def predict(
            self, inputs: Tensor,
            data_samples: Sequence[PoseDataSample]) -> List[PoseDataSample]:
        """Predict keypoints in image pixels.

        Args:
            inputs: Normalised crops, shape (B, 3, H, W).
            data_samples: B samples of any datasets.

        Returns:
            The samples, in their order, with ``pred_instances``.
        """
        groups = self.routes.groups(data_samples, self.training)
        order = [i for group in groups.values() for i in group]
        indices = [key[0] for key, group in groups.items() for _ in group]
        inputs = reorder(inputs, order)
        lengths = [len(group) for group in groups.values()]
        with autocast(inputs.device, self.test_cfg.get('amp_dtype')):
            if self.test_cfg.get('flip_test', False):
                # Each crop beside its mirror image, which keeps the order.
                both = torch.stack((inputs, inputs.flip(-1)), 1).flatten(0, 1)
                maps = self.extract_feat(
                    both, [index for index in indices for _ in range(2)])
                feats = [
                    tuple(each[side::2] for each in maps) for side in range(2)
                ]
            else:
                feats = [self.extract_feat(inputs, indices)]
            for (key, group), *parts in zip(
                    groups.items(), *(split(f, lengths) for f in feats)):
                self.predict_group(key[0], parts,
                                   [data_samples[i] for i in group])
        return list(data_samples)

    def predict_group(self, index: int, feats: List[Features],
                      data_samples: List[PoseDataSample]) -> None:
        """Run one head on samples of one flip order and store the results.

        Args:
            index: Position of the head.
            feats: Its features, and of a flip test those of mirrored crops.
            data_samples: As many samples.

        Raises:
            ValueError: If the samples have other keypoints than the head.
        """
        name = self.routes.names[index]
        head = self.heads[name] if self.asked is None else self.asked
        if isinstance(head, AskedNames):
            head.tell(self.heads)
        else:
            self.check_flip(name, data_samples[0])
            if self.routes.chosen is not None and len(feats) > 1:
                flip_as(data_samples, self.routes.chosen, self._chosen_meta)
        preds = head.predict(
            feats if len(feats) > 1 else feats[0],
            data_samples,
            test_cfg={
                **self.test_cfg,
                **self.test_cfg.get('heads', {}).get(name, {})
            })
        self.add_pred_to_datasample(*unpack(preds), data_samples)
        for sample in data_samples:
            sample.set_metainfo(dict(predicted_as=name))

    def check_flip(self, name: str, sample: PoseDataSample) -> None:
        """Raise ValueError if a sample has other keypoints than a head."""
        flip = sample.metainfo.get('flip_indices', ())
        head = self.heads[name]
        if flip and len(flip) != head.out_channels:
            raise ValueError(
                f"samples of '{sample.metainfo.get('dataset_name')}' "
                f"have {len(flip)} keypoints, but the head of '{name}' "
                f'predicts {head.out_channels}')

    def _forward(self, inputs: Tensor) -> Tensor:
        """Return the chosen dataset's heatmaps, for mode 'tensor', in which
        no sample tells its dataset."""
        names, chosen = self.routes.names, self.routes.chosen
        if chosen is None and len(names) > 1:
            raise ValueError("mode 'tensor' does not tell the datasets of the "
                             'crops; choose one with test_cfg.dataset, of '
                             f'{names}')
        index = self.routes.index(chosen or names[0])
        head = self.heads[names[index]] if self.asked is None else self.asked
        return head(self.extract_feat(inputs, index))

    def switch_to_deploy(self) -> None:
        """Keep, in place, what the dataset of test_cfg.dataset needs: a
        plain ViT and one head, with the same outputs. Names are folded into
        a plain convolution.

        Raises:
            ValueError: If none is chosen.
        """
        if self.routes.chosen is None:
            raise ValueError('choose the dataset to keep with '
                             f'test_cfg.dataset, of {self.routes.names}')
        index = self.routes.index(self.routes.chosen)
        if self.num_experts > 1:
            self.backbone.fold(index)
            self.num_experts = 1
        name = self.routes.names[index]
        head = self.heads[name]
        if self.shares_head:
            if self.asked is not None:
                self.asked.tell(self.heads)
                head, self.asked = self.asked, None
            head.take_trunk(self.head)
            del self.head
        self.heads = ModuleDict({name: head})
        self.routes = self.routes.only(name)
        self.idle_parts = IdleParts(1)
        super().switch_to_deploy()
