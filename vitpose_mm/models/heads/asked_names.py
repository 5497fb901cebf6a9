# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Keypoints that no dataset has together, asked for by names."""
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

import torch
from mmengine.logging import print_log
from mmengine.structures import InstanceData, PixelData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.structures import PoseDataSample

from vitpose_mm.datasets.registered_metainfo import registered_metainfo
from vitpose_mm.names import KeypointName, keypoint_names
from .named_conv import NamedConv
from .named_heatmap_head import Features, NamedHeatmapHead, NamedView, names_of

# Of COCO's object keypoint similarity, where no dataset says more.
SIGMA = 0.079


class AskedNames(NamedView):
    """The keypoints of test_cfg.names in a NamedHeatmapHead.

    The flip test looks in the mirrored crop for the mirrored names, which
    need not be among those asked for.

    Args:
        head: The shared head.
        names: As a user writes them.

    Raises:
        ValueError: If a name is not understood or cannot be embedded.
    """

    def __init__(self, head: NamedHeatmapHead, names: Sequence[str]) -> None:
        parsed = keypoint_names(names)
        super().__init__(head, parsed, is_saved=False)
        self.mirrored_layer = head.named_conv(
            [name.mirrored for name in parsed], is_saved=False)
        # What the flip test looks for beside what is asked for.
        self.unpaired = [name.mirrored for name in parsed
                         if name.mirrored not in parsed]
        self.is_told = False

    def tell(self, views: Mapping[str, NamedView]) -> None:
        """Log, once, what tell_names says."""
        if not self.is_told:
            self.is_told = True
            for line in tell_names(self, views):
                print_log(line, 'current')

    def predict(
        self, feats: Union[Features, List[Features]],
        batch_data_samples: Sequence[PoseDataSample], test_cfg: dict
    ) -> Union[List[InstanceData], Tuple[List[InstanceData],
                                         List[PixelData]]]:
        """As HeatmapHead.predict, whatever flip order samples have."""
        if not test_cfg.get('flip_test', False):
            return super().predict(feats, batch_data_samples, test_cfg)
        straight, mirrored = feats
        K = self.out_channels
        flipped = flip_heatmaps(
            self.mirrored_layer(self.conv_layers(
                self.deconv_layers(mirrored[-1]))),
            flip_indices=list(range(K)),
            shift_heatmap=test_cfg.get('shift_heatmap', False))
        heatmaps = (self.forward(straight) + flipped) * 0.5
        preds = self.decode(heatmaps)
        if not test_cfg.get('output_heatmaps', False):
            return preds
        return preds, [PixelData(heatmaps=each) for each in heatmaps.detach()]

    def switch_to_deploy(self, test_cfg: Optional[dict] = None) -> None:
        """Become plain convolutions, with the same outputs."""
        super().switch_to_deploy(test_cfg)
        if isinstance(self.mirrored_layer, NamedConv):
            self.mirrored_layer = self.mirrored_layer.fold()


def asked_metainfo(names: Sequence[str], dataset: str,
                   datasets: Sequence[str]) -> dict:
    """Metainfo of the keypoints asked for.

    Args:
        names: As a user writes them.
        dataset: The dataset whose way the crops go; it lends its name.
        datasets: All of the model, which lend links and sigmas.

    Returns:
        Parsed metainfo, with a link where both ends are asked for.
    """
    parsed = keypoint_names(names)
    sigmas: Dict[KeypointName, float] = {}
    links: Dict[Tuple[int, int], None] = {}
    for info in filter(None, map(registered_metainfo, datasets)):
        known = names_of(info['dataset_name'])
        for name, sigma in zip(known, info['sigmas']):
            sigmas.setdefault(name, float(sigma))
        for link in info['skeleton_links']:
            ends = [known[int(k)] for k in link]
            if all(end in parsed for end in ends):
                links[tuple(sorted(map(parsed.index, ends)))] = None
    texts = [str(name) for name in parsed]
    swaps = [str(name.mirrored) for name in parsed]
    return parse_pose_metainfo(dict(
        dataset_name=dataset,
        keypoint_info={
            k: dict(name=text, id=k, type='',
                    color=color_of(name),
                    swap=swap if swap in texts and swap != text else '')
            for k, (text, swap, name) in enumerate(zip(texts, swaps, parsed))
        },
        skeleton_info={
            i: dict(link=(texts[a], texts[b]), id=i, color=[51, 153, 255])
            for i, (a, b) in enumerate(links)
        },
        joint_weights=[1.] * len(parsed),
        sigmas=[sigmas.get(name, SIGMA) for name in parsed]))


def color_of(name: KeypointName) -> List[int]:
    """Colour of a keypoint by its side, as in MMPose's skeleton of COCO."""
    return dict(left=[0, 255, 0], right=[255, 128, 0]).get(
        name.side, [51, 153, 255])


def tell_names(asked: AskedNames, views: Mapping[str, NamedView]) -> List[str]:
    """Say of each name that is asked for where it was learned, and of one
    that was not which learned one is nearest.

    Args:
        asked: The keypoints.
        views: Those of the datasets of the training.

    Returns:
        A line for each name.
    """
    seen: Dict[KeypointName, List[str]] = {}
    vectors: Dict[KeypointName, torch.Tensor] = {}
    for dataset, view in views.items():
        conv = view.final_layer
        for name, is_seen, vector in zip(conv.names, conv.seen.tolist(),
                                         conv.vectors):
            if is_seen:
                seen.setdefault(name, []).append(dataset)
                vectors[name] = vector
    lines = []
    for name, vector in zip(asked.names, asked.final_layer.vectors):
        if name in seen:
            lines.append(f"'{name}': learned from {', '.join(seen[name])}")
            continue
        if not seen:
            lines.append(f"'{name}': these weights have learned no names")
            continue
        # Of equally near parts the one of this side and place.
        nearest = max(vectors, key=lambda other: (
            round(float(vectors[other] @ vector), 3),
            (other.side == name.side) + (other.place == name.place)))
        lines.append(
            f"'{name}': never learned; the nearest that was is '{nearest}', "
            f'of cosine {float(vectors[nearest] @ vector):.2f} between the '
            'parts')
    return lines
