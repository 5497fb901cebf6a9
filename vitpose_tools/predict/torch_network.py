# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch import nn

from vitpose_mm.models.pose_estimators.fast_topdown import autocast
from .network import CropSpec
from .open_model import (ModelError, build_model, choose_dataset, choose_names,
                         find_pipeline)
from .poses import Skeleton

LOADERS = ('LoadImage', 'LoadCheckedImage', 'LoadImageOnce')
# What changes the pixels that a loader hands over.
LOADER_OPTIONS = ('to_float32', 'color_type', 'imdecode_backend')
DTYPES = ('float32', 'bfloat16', 'float16')


class TorchNetwork:
    """A top-down estimator of MMPose, from crops to keypoints.

    Args:
        model: Of init_model, in eval mode. It is changed.
        crop: How its crops are cut out.
        flip: Whether to take the mean with the mirrored crops; None is as
            the config says.
        dtype: 'float32', or 'bfloat16' or 'float16' for autocast; None is
            as the config says.
    """

    def __init__(self, model: nn.Module, crop: CropSpec,
                 flip: Optional[bool] = None,
                 dtype: Optional[str] = None) -> None:
        self.model, self.crop = model, crop
        self.skeleton = Skeleton.of_metainfo(model.dataset_meta)
        self.device = next(model.parameters()).device
        if flip is not None:
            model.test_cfg['flip_test'] = flip
        model.test_cfg['output_heatmaps'] = False
        self.flip = bool(model.test_cfg.get('flip_test', False))
        self.dtype = dtype or model.test_cfg.get('amp_dtype') or 'float32'
        model.test_cfg['amp_dtype'] = None  # it is set here
        decode_in_batches(model, self.dtype)
        stay_in_crops(model)
        self.samples: List[PoseDataSample] = []

    def __call__(self, crops: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """See Network."""
        images = torch.from_numpy(crops).to(self.device, non_blocking=True)
        samples = self.first_samples(len(crops))
        dtype = None if self.dtype == 'float32' else self.dtype
        with torch.inference_mode(), autocast(self.device, dtype):
            # Stacked, so that the batch is normalised in one go.
            inputs = self.model.data_preprocessor(
                dict(inputs=images.permute(0, 3, 1, 2), data_samples=[]),
                False)['inputs']
            self.model.predict(inputs, samples)
        people = [sample.pred_instances for sample in samples]
        return (np.concatenate([each.keypoints for each in people])[..., :2],
                np.concatenate([each.keypoint_scores for each in people]))

    def first_samples(self, count: int) -> List[PoseDataSample]:
        """What MMPose wants to know of each crop. It is the same of all,
        and results of an earlier batch are overwritten."""
        while len(self.samples) < count:
            self.samples.append(self.make_sample())
        return self.samples[:count]

    def make_sample(self) -> PoseDataSample:
        size = np.array(self.crop.input_size, float)
        meta = self.model.dataset_meta
        # With the crop as image, keypoints stay in crop pixels.
        sample = PoseDataSample(metainfo=dict(
            input_center=size / 2, input_scale=size, input_size=size,
            flip_indices=meta['flip_indices'],
            dataset_name=meta['dataset_name']))
        sample.gt_instances = InstanceData(
            bboxes=np.array([[0., 0., *size]]), bbox_scores=np.ones(1))
        return sample


def open_network(config: Config, path: Union[str, Path],
                 checkpoint: Union[str, Path], dataset: Optional[str] = None,
                 device: Optional[str] = None, flip: Optional[bool] = None,
                 dtype: Optional[str] = None,
                 names: Optional[Sequence[str]] = None) -> TorchNetwork:
    """Build a top-down model; see TorchNetwork, build_model, choose_names.

    Raises:
        ModelError: If this is not possible, or its test pipeline has other
            steps than those of top-down models.
        CheckpointError: If the weights cannot be read.
    """
    choose_names(config, path, names)
    choose_dataset(config, path, dataset)
    chosen = dataset or config.model.get('test_cfg', {}).get('dataset')
    crop = crop_of(find_pipeline(config, path, chosen), path)
    model = build_model(config, path, checkpoint, device, chosen)
    return TorchNetwork(model, crop, flip, dtype)


def crop_of(pipeline: List[dict], path: Union[str, Path]) -> CropSpec:
    """How a test pipeline cuts people out.

    Raises:
        ModelError: If it does anything else.
    """
    steps = {}
    for step in pipeline:
        name = step['type'] if isinstance(step['type'], str) else \
            step['type'].__name__
        steps[name.rpartition('.')[2]] = step
    loader = [name for name in steps if name in LOADERS]
    other = set(steps) - {*LOADERS, 'GetBBoxCenterScale', 'TopdownAffine',
                          'PackPoseInputs'}
    other |= {f'{name}({key}=...)' for name in loader
              for key in LOADER_OPTIONS if key in steps[name]}
    if other or 'TopdownAffine' not in steps:
        raise ModelError(
            f'{path} prepares test images by '
            f'{", ".join(sorted(other)) or "no TopdownAffine"}, which predict '
            'does not know; MMPoseInferencer works with any pipeline')
    affine: Any = steps['TopdownAffine']
    return CropSpec(
        input_size=tuple(affine['input_size']),
        padding=steps.get('GetBBoxCenterScale', {}).get('padding', 1.25),
        use_udp=affine.get('use_udp', False))


def decode_in_batches(model: nn.Module, dtype: str) -> None:
    """Decode heatmaps of UDPHeatmap by BatchUDPHeatmap, with the same
    keypoints, and let other codecs have float32.

    Args:
        model: Changed in place.
        dtype: In which it computes.
    """
    from mmpose.codecs import UDPHeatmap

    from vitpose_mm.codecs import BatchUDPHeatmap
    heads = list(model.heads.values()) if hasattr(model, 'heads') else \
        [model.head]
    for head in heads:
        codec = head.decoder
        if type(codec) is UDPHeatmap and codec.heatmap_type == 'gaussian':
            head.decoder = BatchUDPHeatmap(
                codec.input_size, codec.heatmap_size, codec.sigma,
                codec.blur_kernel_size)
        elif dtype != 'float32' and not isinstance(codec, BatchUDPHeatmap):
            decode = head.decode
            head.decode = lambda outputs, decode=decode: decode(
                to_float32(outputs))


def stay_in_crops(model: nn.Module) -> None:
    """Let results stay as the head decoded them.

    A network's samples are their own crops, so the way into the image, which
    MMPose goes for each person by itself, changes nothing. It takes a
    core as long as decoding.

    Args:
        model: Changed in place.
    """
    def store(instances: List[InstanceData], fields: Optional[list],
              samples: List[PoseDataSample]) -> List[PoseDataSample]:
        for sample, found in zip(samples, instances):
            sample.pred_instances = found
        return samples

    model.add_pred_to_datasample = store


def to_float32(outputs: Any) -> Any:
    """What a head hands to its codec, a tensor or a tuple of tensors."""
    if isinstance(outputs, tuple):
        return tuple(each.float() for each in outputs)
    return outputs.float()
