# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.dist import all_reduce
from mmengine.model import ModuleDict
from mmengine.structures import InstanceData
from mmpose.models.heads import BaseHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor

from vitpose_mm.ranges import check_count
from ..pose_estimators.routes import Routes
from ..query_pose.criterion import losses
from ..query_pose.decoder import QueryPoseDecoder
from ..query_pose.denoising import Noised, attention_mask, match_noised, noise
from ..query_pose.matching import Weights, match
from ..query_pose.people import Refined, read
from ..query_pose.predict import best_first, cells_in_images, check_strides
from ..query_pose.proposal_loss import proposal_losses
from ..query_pose.proposals import Skeleton, list_cells
from ..query_pose.targets import collect_targets

Features = Sequence[Tensor]
# Name of the skeleton of a head that knows only one.
ONLY = 'keypoints'
NO_FLIP_TEST = (
    'test_cfg.flip_test=True: a query has no partner in the mirror image '
    'whose result could be joined with its own; remove it')


@MODELS.register_module()
class QueryPoseHead(BaseHead):
    """Finds everybody in an image: a fixed number of people, each a set of
    tokens, is refined layer by layer; there is no box, no grouping, no NMS.

    The best cells of the maps propose people. Each is a token and one for
    each of its keypoints, which attend within the person, across people and
    to the image (GroupPose, arXiv 2308.07313; DETRPose, arXiv 2506.13027;
    EdgeCrafter, arXiv 2603.18739). In training the cell at a person's middle
    learns to propose it, each labelled person is matched with one query in
    each layer, and noised people are to be found again beside them.

    Several datasets share all but their cells' scores, first poses and
    tokens: a sample is asked for the keypoints of its dataset.

    Args:
        in_channels: C of the maps, and of the tokens.
        num_keypoints: K; of several datasets, dataset_name to K.
        decoder: Config of the codec, a QueryPoseLabel.
        strides: Of each map in pixels of the input.
        num_queries: N people per image at most.
        num_layers: Layers of the decoder.
        num_heads: Heads of its attentions.
        num_points: Places at which each head looks in each map.
        num_noised: Noised people per image in training, about; 0 for none.
        loss_weights: Of ``score``, ``distance``, ``oks``, ``visible``, in
            the matching (without the last) and in the loss.
        init_cfg: As in BaseModule.

    Raises:
        ValueError: If loss_weights has other keys, or a number is too low.
    """

    def __init__(self,
                 in_channels: int,
                 num_keypoints: Union[int, Dict[str, int]],
                 decoder: dict,
                 strides: Sequence[int] = (8, 16, 32),
                 num_queries: int = 60,
                 num_layers: int = 3,
                 num_heads: int = 8,
                 num_points: int = 4,
                 num_noised: int = 20,
                 loss_weights: dict = dict(
                     score=2., distance=5., oks=4., visible=1.),
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if set(loss_weights) != set(Weights._fields):
            raise ValueError(f'loss_weights={loss_weights} must give a '
                             f'weight to each of {list(Weights._fields)}')
        for name, value, least in (('num_queries', num_queries, 1),
                                   ('num_layers', num_layers, 1),
                                   ('num_points', num_points, 1),
                                   ('num_noised', num_noised, 0)):
            check_count(name, value, least)
        self.num_keypoints = num_keypoints
        self.strides = tuple(strides)
        self.num_queries = num_queries
        self.num_noised = num_noised
        self.loss_weights = Weights(**loss_weights)
        self.decoder = KEYPOINT_CODECS.build(decoder)
        names = num_keypoints if isinstance(num_keypoints, dict) else {
            ONLY: num_keypoints
        }
        self.skeletons = ModuleDict({
            name: Skeleton(number, in_channels)
            for name, number in names.items()
        })
        self.cell = torch.nn.Sequential(
            torch.nn.Linear(in_channels, in_channels),
            torch.nn.LayerNorm(in_channels))
        self.layers = QueryPoseDecoder(in_channels, num_layers, num_heads,
                                       len(self.strides), num_points)

    def forward(self,
                feats: Features,
                dataset: Optional[str] = None) -> Tuple[Tensor, ...]:
        """Find people.

        Args:
            feats: Maps (B, C, h, w), one per stride.
            dataset: Whose keypoints; by default the first's.

        Returns:
            Keypoints (B, N, K, 2) in pixels of the input, their scores
            (B, N, K), and scores of people (B, N).
        """
        name = dataset or next(iter(self.skeletons))
        return read(self.refine(feats, self.skeletons[name]).layers[-1])

    def refine(
        self,
        feats: Features,
        skeleton: Skeleton,
        valid: Optional[Tensor] = None,
        noised: Optional[Noised] = None
    ) -> Refined:
        """Propose people and refine them, and noised ones beside them.

        Args:
            feats: Maps (B, C, h, w), one per stride.
            skeleton: Whose keypoints.
            valid: Cells that lie in their image, bool, shape (B, T).
            noised: D of each image.

        Returns:
            The people after each layer.
        """
        cells = list_cells(feats, self.strides)
        cells = cells._replace(tokens=self.cell(cells.tokens))
        start, behind, logits = skeleton.propose(cells, self.num_queries,
                                                 valid)
        mask = None
        number = behind.shape[1]
        if noised is not None:
            start = torch.cat([start, noised.keypoints], 1)
            behind = torch.cat([
                behind,
                skeleton.noise.to(behind.dtype).expand(
                    *noised.real.shape, -1)
            ], 1)
            mask = attention_mask(noised, number)
        people = self.layers(behind[:, :, None] + skeleton.tokens, start,
                             feats, self.input_size(feats), self.strides[-1],
                             mask)
        return Refined([each.first(number) for each in people],
                       [each.rest(number) for each in people], cells, logits)

    def input_size(self, feats: Features) -> Tuple[int, int]:
        """Size (w, h) in pixels of the images that maps are of."""
        h, w = feats[0].shape[2:]
        return w * self.strides[0], h * self.strides[0]

    def routes(self, test_cfg: Optional[dict] = None) -> Routes:
        """Which skeleton serves a sample."""
        return Routes(
            list(self.skeletons), {}, (test_cfg or {}).get('dataset'))

    def groups(self, data_samples: Sequence[PoseDataSample],
               test_cfg: Optional[dict] = None) -> Dict[str, List[int]]:
        """Rows of the batch for each skeleton; none for some.

        Raises:
            ValueError: If no skeleton serves a sample.
        """
        names = list(self.skeletons)
        if names == [ONLY]:
            return {ONLY: list(range(len(data_samples)))}
        indices = self.routes(test_cfg).indices(data_samples, test_cfg is None)
        return {
            name: [row for row, each in enumerate(indices) if each == index]
            for index, name in enumerate(names)
        }

    def loss(self,
             feats: Features,
             batch_data_samples: Sequence[PoseDataSample],
             train_cfg: Optional[dict] = None) -> Dict[str, Tensor]:
        """Compare all layers with the labels.

        Args:
            feats: Maps (B, C, h, w), one per stride.
            batch_data_samples: B samples with the labels of QueryPoseLabel,
                and where people are not labelled, ``gt_fields.heatmap_mask``
                is false.
            train_cfg: Of the estimator; not used.

        Returns:
            'loss_<term>' of queries, 'loss_proposal_<term>' of the cells at
            the people's middles, and 'loss_noised_<term>'; of several
            datasets '<dataset>/loss_<term>'. All are means over the people
            of the batches of all processes, and sums over the layers.

        Raises:
            ValueError: If the strides cannot be those of the maps, or no
                skeleton serves a sample.
        """
        check_strides(batch_data_samples, feats, self.strides)
        groups = self.groups(batch_data_samples)
        number = feats[0].new_tensor(
            float(
                sum(
                    len(sample.gt_instance_labels.areas)
                    for sample in batch_data_samples)))
        all_reduce(number, 'mean')
        number = number.float().clamp(min=1.)
        terms: Dict[str, Tensor] = {}
        for name, rows in groups.items():
            skeleton = self.skeletons[name]
            prefix = '' if name == ONLY else f'{name}/'
            # Data-parallel training waits for all gradients, so none may be
            # missing where there is nobody.
            idle = sum(param.sum() for param in skeleton.parameters()) * 0.
            terms[f'{prefix}loss_score'] = idle
            if rows:
                samples = [batch_data_samples[row] for row in rows]
                part = feats if len(rows) == len(batch_data_samples) else [
                    level[rows] for level in feats
                ]
                for key, term in self.loss_of(skeleton, part, samples,
                                              number).items():
                    key = f'{prefix}loss_{key}'
                    terms[key] = terms.get(key, 0.) + term
        return terms

    def loss_of(self, skeleton: Skeleton, feats: Features,
                data_samples: Sequence[PoseDataSample],
                num_people: Tensor) -> Dict[str, Tensor]:
        """Loss of samples of one skeleton, divided by ``num_people``."""
        targets = collect_targets(data_samples)
        noised = noise(targets, self.num_noised)
        valid = cells_in_images(data_samples, feats, self.strides)
        layers, again, cells, logits = self.refine(feats, skeleton, valid,
                                                   noised)
        pairs = match(layers, targets, self.loss_weights)
        everyone = torch.ones_like(layers[0].logits, dtype=torch.bool)
        terms = losses(layers, targets, pairs, everyone, num_people,
                       self.loss_weights)
        first = proposal_losses(skeleton, cells, logits, targets, valid,
                                num_people, self.loss_weights)
        terms.update({f'proposal_{key}': term for key, term in first.items()})
        if noised is not None:
            of_noised = losses(
                again, targets._replace(ignored=None),
                match_noised(noised, len(again)), noised.real,
                num_people * noised.num_groups, self.loss_weights)
            terms.update({f'noised_{key}': term
                          for key, term in of_noised.items()})
        return terms

    def predict(self, feats: Features,
                batch_data_samples: Sequence[PoseDataSample],
                test_cfg: dict) -> List[InstanceData]:
        """Find the people of each image.

        Args:
            feats: Maps (B, C, h, w), one per stride.
            batch_data_samples: B samples.
            test_cfg: ``score_thr``, the score that a person must exceed, 0
                by default; ``dataset``, whose keypoints all samples are asked
                for, by default those of their own.

        Returns:
            Of each image ``keypoints`` (n, K, 2) in pixels of the network's
            input, ``keypoint_scores`` (n, K), ``bbox_scores`` (n, ) and
            ``bboxes`` (n, 4), (x1, y1, x2, y2) of the visible keypoints; the
            surest first.

        Raises:
            ValueError: If test_cfg asks for a flip test, the strides cannot
                be those of the maps, or no skeleton serves a sample.
        """
        if test_cfg.get('flip_test', False):
            raise ValueError(NO_FLIP_TEST)
        check_strides(batch_data_samples, feats, self.strides)
        found: Dict[int, InstanceData] = {}
        for name, rows in self.groups(batch_data_samples, test_cfg).items():
            if not rows:
                continue
            samples = [batch_data_samples[row] for row in rows]
            part = [level[rows] for level in feats]
            refined = self.refine(
                part, self.skeletons[name],
                cells_in_images(samples, part, self.strides))
            keypoints, scores, people = read(refined.layers[-1])
            decoded = self.decode(torch.cat([keypoints, scores[..., None]],
                                            -1))
            for row, instances, score in zip(rows, decoded, to_numpy(people)):
                found[row] = best_first(instances, score,
                                        test_cfg.get('score_thr', 0.))
        return [found[row] for row in range(len(batch_data_samples))]
