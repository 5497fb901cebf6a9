# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Iterator, Optional

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmpose.registry import HOOKS
from torch import nn


@HOOKS.register_module()
class ModelDataCheckHook(Hook):
    """Refuse to run a top-down model on data that it was not built for.

    A config states the crop size in three places (codec, pipelines, backbone)
    and the number of keypoints in two (head, dataset). Where they disagree,
    stock training either stops deep inside a loss or runs and learns the
    wrong thing; this hook says so before the first batch of training,
    validation or testing.
    """

    def before_train(self, runner) -> None:
        check_agreement(runner.model, runner.train_dataloader.dataset)

    def before_val(self, runner) -> None:
        check_agreement(runner.model, runner.val_dataloader.dataset)

    def before_test(self, runner) -> None:
        check_agreement(runner.model, runner.test_dataloader.dataset)


def check_agreement(model: nn.Module, dataset: Any) -> None:
    """Compare crop size and keypoints of a model with those of a dataset.

    Args:
        model: A top-down estimator with backbone and head, wrapped or not;
            a model without these is not looked at.
        dataset: The dataset that feeds it.

    Raises:
        ValueError: If they differ; names both values and the config keys.
    """
    if is_model_wrapper(model):
        model = model.module
    head = getattr(model, 'head', None)
    decoder = getattr(head, 'decoder', None)
    input_size = getattr(decoder, 'input_size', None)
    if input_size is None:
        return
    img_size = getattr(model.backbone, 'img_size', None)
    if img_size is not None and tuple(img_size) != tuple(input_size)[::-1]:
        raise ValueError(
            f'model.backbone.img_size={tuple(img_size)} (h, w) disagrees with '
            f"the codec's input_size={tuple(input_size)} (w, h) of "
            'model.head.decoder; write the same size, reversed')
    for size in pipeline_sizes(dataset):
        if tuple(size) != tuple(input_size):
            raise ValueError(
                f'the pipeline makes crops of {tuple(size)} pixels (w, h) but '
                f'model.head.decoder expects {tuple(input_size)}; use one '
                'codec in the pipelines and as decoder=_base_.codec')
    check_keypoints(head.out_channels, dataset)


def pipeline_sizes(dataset: Any) -> Iterator:
    """Sizes (w, h) that the transforms of a dataset's pipeline name."""
    pipeline = getattr(dataset, 'pipeline', None)
    for transform in getattr(pipeline, 'transforms', []):
        size = getattr(transform, 'input_size', None)
        if size is not None:
            yield size


def check_keypoints(out_channels: int, dataset: Any) -> None:
    """Compare the channels of a head with the keypoints of a dataset.

    Raises:
        ValueError: If they differ.
    """
    num_keypoints: Optional[int] = getattr(dataset, 'metainfo',
                                           {}).get('num_keypoints')
    if num_keypoints not in (None, out_channels):
        raise ValueError(
            f'model.head.out_channels={out_channels}, but '
            f'{dataset.metainfo.get("dataset_name")} has {num_keypoints} '
            'keypoints; set out_channels to that')
