# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List, Sequence, Tuple

import numpy as np
from mmpose.codecs import AssociativeEmbedding
from mmpose.codecs.utils import batch_heatmap_nms
from mmpose.registry import KEYPOINT_CODECS
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor

from vitpose_mm.ranges import (check_count, check_odd, check_order,
                               check_positive, check_size)
from .group_by_tags import group_by_tags
from .refine_peaks import refine_peaks


@KEYPOINT_CODECS.register_module()
class UDPAssociativeEmbedding(AssociativeEmbedding):
    """Everybody in an image as heatmaps and tags (arXiv 1611.05424).

    The targets are MMPose's, with unbiased coordinates (arXiv 1911.07524):
    the centres of the outer cells of a heatmap lie on those of the outer
    pixels of the image. Decoding is our own, because MMPose's overwrites the
    heatmaps that it is given, then takes scores from them, and assumes one
    size of image.

    Args:
        input_size: (w, h) of the training images in pixels. Images of other
            sizes are decoded with the same ratio of image to heatmap.
        heatmap_size: (w, h) of their heatmaps in cells.
        sigma: Standard deviation of the target's Gaussians in cells.
        decode_keypoint_order: Kinds of keypoints in the order in which they
            are grouped, the most certain first.
        decode_nms_kernel: Side in cells of the square in which a candidate
            must be the maximum, odd.
        decode_gaussian_kernel: Side in cells of the blur before a peak is
            refined, odd.
        decode_keypoint_thr: Candidates have a higher score than this.
        decode_tag_thr: Largest distance of tags between a candidate and its
            person.
        decode_topk: Number of candidates of each kind.
        decode_max_instances: Only so many people, the best ones, are
            returned.

    Raises:
        ValueError: If an argument is out of its range.
    """
    # What the loss needs beside the heatmaps; MMPose packs only what is here.
    label_mapping_table = dict(keypoint_indices='keypoint_indices')

    def __init__(self,
                 input_size: Tuple[int, int],
                 heatmap_size: Tuple[int, int],
                 sigma: float,
                 decode_keypoint_order: Sequence[int],
                 decode_nms_kernel: int = 5,
                 decode_gaussian_kernel: int = 3,
                 decode_keypoint_thr: float = 0.1,
                 decode_tag_thr: float = 1.,
                 decode_topk: int = 30,
                 decode_max_instances: int = 30) -> None:
        check_size('input_size', input_size, '(w, h)', 2)
        check_size('heatmap_size', heatmap_size, '(w, h)', 2)
        check_positive('sigma', sigma)
        check_order('decode_keypoint_order', decode_keypoint_order)
        check_odd('decode_nms_kernel', decode_nms_kernel)
        check_odd('decode_gaussian_kernel', decode_gaussian_kernel)
        check_count('decode_topk', decode_topk, 1)
        check_count('decode_max_instances', decode_max_instances, 1)
        super().__init__(
            input_size,
            heatmap_size,
            sigma=sigma,
            use_udp=True,
            decode_keypoint_order=list(decode_keypoint_order),
            decode_nms_kernel=decode_nms_kernel,
            decode_gaussian_kernel=decode_gaussian_kernel,
            decode_keypoint_thr=decode_keypoint_thr,
            decode_tag_thr=decode_tag_thr,
            decode_topk=decode_topk,
            decode_max_instances=decode_max_instances)

    def batch_decode(
        self, batch_heatmaps: Tensor, batch_tags: Tensor
    ) -> Tuple[List[np.ndarray], List[np.ndarray], List[np.ndarray]]:
        """Find the people of each image.

        Args:
            batch_heatmaps: Shape (B, K, H, W), float32; left as they are.
            batch_tags: L tags of each kind, shape (B, L * K, H, W), float32.
                NaN and infinity in either count as 0.

        Returns:
            Of each image keypoints (N, K, 2) in (x, y) pixels of the network's
            input, keypoint scores (N, K) and scores of people (N, ), the best
            first. A keypoint without candidate lies where tag and heatmap
            suit the person best. Its score is the heatmap's there, or 0 if
            the tag belongs to somebody else; it does not count for the
            person's score.
        """
        batch_heatmaps, batch_tags = (
            maps.nan_to_num(0., 0., 0.)
            for maps in (batch_heatmaps, batch_tags))
        peaks = batch_heatmap_nms(batch_heatmaps, self.decode_nms_kernel)
        candidates = self._get_batch_topk(peaks, batch_tags, self.decode_topk)
        maps = batch_heatmaps, batch_tags
        images = zip(*(to_numpy(part) for part in (*candidates, *maps)))
        keypoints, scores, instance_scores = zip(*(self.decode_image(*image)
                                                   for image in images))
        return list(keypoints), list(scores), list(instance_scores)

    def decode_image(
            self, candidate_scores: np.ndarray, candidate_tags: np.ndarray,
            candidate_cells: np.ndarray, heatmaps: np.ndarray,
            tag_maps: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the people of one image among candidates.

        Args:
            candidate_scores: Shape (K, M).
            candidate_tags: Shape (K, M, L).
            candidate_cells: (x, y) in cells, shape (K, M, 2).
            heatmaps: Shape (K, H, W).
            tag_maps: Shape (L * K, H, W).

        Returns:
            Keypoints (N, K, 2) in pixels of the network's input, their scores
            (N, K) and scores of people (N, ), the best first.
        """
        people = group_by_tags(candidate_scores, candidate_tags,
                               self.decode_keypoint_order,
                               self.decode_keypoint_thr, self.decode_tag_thr)
        kinds = np.arange(len(heatmaps))
        found = people >= 0
        scores = np.where(found, candidate_scores[kinds, people], 0)
        instance_scores = scores.mean(1)
        best = np.argsort(
            -instance_scores, kind='stable')[:self.decode_max_instances]
        people, found, scores = people[best], found[best], scores[best]

        cells = candidate_cells[kinds, people]
        tags = candidate_tags[kinds, people].mean(1, where=found[..., None])
        fill_missing(cells, scores, found, tags, heatmaps, tag_maps,
                     self.decode_tag_thr)
        keypoints = refine_peaks(heatmaps, np.tile(kinds, len(cells)),
                                 cells.reshape(-1, 2),
                                 self.decode_gaussian_kernel)
        size = np.array(heatmaps.shape[:0:-1])
        ratio = np.divide(self.input_size, self.heatmap_size)
        keypoints = keypoints * (size * ratio - 1) / (size - 1)
        return (keypoints.reshape(cells.shape).astype(np.float32), scores,
                instance_scores[best])


def fill_missing(cells: np.ndarray, scores: np.ndarray, found: np.ndarray,
                 tags: np.ndarray, heatmaps: np.ndarray, tag_maps: np.ndarray,
                 tag_thr: float) -> None:
    """Place the keypoints that were not found, in place.

    Each goes to the cell whose tag, rounded, is nearest to its person's, and
    among equal ones to where the heatmap is highest. Its score is the
    heatmap's there, or 0 if the tag is not near.

    Args:
        cells: (x, y) of N people, shape (N, K, 2).
        scores: Shape (N, K).
        found: Shape (N, K), bool; what is not found is written.
        tags: Mean tag of each person, shape (N, L).
        heatmaps: Shape (K, H, W).
        tag_maps: Shape (L * K, H, W).
        tag_thr: Distance of tags up to which they are near.
    """
    num_kinds, _, width = heatmaps.shape
    heatmaps = heatmaps.reshape(num_kinds, -1)
    tag_maps = tag_maps.reshape(-1, num_kinds, heatmaps.shape[1])
    for kind in np.flatnonzero(~found.all(0)):
        who = np.flatnonzero(~found[:, kind])
        distance = np.linalg.norm(
            tag_maps[:, kind, None] - tags[who].T[..., None], axis=0)
        at = np.argmin(np.round(distance) * 100 - heatmaps[kind], axis=1)
        cells[who, kind] = np.stack([at % width, at // width], 1)
        near = distance[np.arange(len(who)), at] < tag_thr
        scores[who, kind] = heatmaps[kind, at] * near
