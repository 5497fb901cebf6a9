# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Any, Dict, Iterator, List, Optional, Tuple

from mmengine.dataset import ConcatDataset
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import BaseLoop
from mmpose.registry import HOOKS
from torch import nn

from vitpose_mm.models import MultiDatasetTopdownPoseEstimator
from vitpose_mm.names import KeypointName, keypoint_names
from ..unwrap_model import unwrap_model
from .equal_batches import check_equal_batches
from .estimator_parts import check_estimator, check_targets
from .known_options import check_options
from .loaded_head import check_loaded_head, tensor_shapes
from .resumed_optimizer import check_groups, check_order, check_resumed
from .scaled_lr import check_scaled_lr

# Where heads hold their number of keypoints, the most telling first: a
# bottom-up head has more channels than keypoints. A head with none of them is
# not compared.
NUMBERS = ('num_keypoints', 'num_joints', 'out_channels')


@HOOKS.register_module()
class ModelDataCheckHook(Hook):
    """Refuse to run a model on data that it was not built for.

    A config states the crop size in three places (codec, pipelines, backbone)
    and the number of keypoints in two (head, dataset). Where they disagree,
    stock training either stops deep inside a loss or runs and learns the
    wrong thing; this hook says so before the first batch of training,
    validation or testing. It names options that nothing reads, too.
    """

    def __init__(self) -> None:
        self.loaded: Optional[Dict[str, Tuple[int, ...]]] = None

    def before_train(self, runner) -> None:
        check_options(runner.model)
        check_equal_batches(runner.train_dataloader)
        check_agreement(runner.model, runner.train_dataloader.dataset, True)
        # An epoch later would be late.
        if getattr(runner, 'val_loop', None) is not None:
            check_agreement(runner.model, runner.val_loop.dataloader.dataset)
        check_resumed(runner.model, runner.optim_wrapper)
        check_scaled_lr(runner)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        state_dict = checkpoint.get('state_dict', checkpoint)
        self.loaded = tensor_shapes(checkpoint)
        if getattr(runner, '_resume', False):
            check_order(state_dict, runner.model)
        wrapper = getattr(runner, 'optim_wrapper', None)
        if getattr(runner, '_resume', False) and isinstance(
                wrapper, OptimWrapper):
            check_groups(checkpoint.get('optimizer', {}), wrapper)

    def before_val(self, runner) -> None:
        check_agreement(runner.model, runner.val_dataloader.dataset)
        self.check_head(runner)

    def before_test(self, runner) -> None:
        check_options(runner.model)
        check_agreement(runner.model, runner.test_dataloader.dataset)
        self.check_head(runner)

    def check_head(self, runner) -> None:
        # A training may have started from other keypoints.
        if self.loaded is not None and not isinstance(
                runner._train_loop, BaseLoop):
            check_loaded_head(runner.model, self.loaded,
                              str(runner._load_from))


def check_agreement(model: nn.Module,
                    dataset: Any,
                    training: bool = False) -> None:
    """Compare crop size and keypoints of a model with those of a dataset.

    Args:
        model: An estimator with backbone and head or heads, wrapped or not;
            a model without these is not looked at.
        dataset: The dataset that feeds it, or several joined.
        training: Whether the model trains on it.

    Raises:
        ValueError: If they differ; names both values and the config keys.
    """
    model = unwrap_model(model)
    check_estimator(model)
    is_joined = isinstance(dataset, ConcatDataset)
    for part in dataset.datasets if is_joined else [dataset]:
        if training:
            check_targets(model, part)
        if isinstance(model, MultiDatasetTopdownPoseEstimator):
            name = part.metainfo.get('dataset_name')
            if model.routes.chosen is not None and not training:
                name = model.routes.chosen
            name = model.routes.names[model.routes.index(name)]
            if model.asked is not None and not training:
                raise ValueError(
                    f'test_cfg.names={model.test_cfg["names"]} are not the '
                    'keypoints that a test compares with; remove it, or look '
                    'for them with "vitpose-mm predict --names"')
            check_head(f'heads.{name}', model.heads[name], model, part,
                       training)
        elif hasattr(model, 'head'):
            check_head('head', model.head, model, part, training)


def check_head(name: str, head: nn.Module, model: nn.Module, dataset: Any,
               training: bool = False) -> None:
    """Compare a head, called ``name`` in the config, with the dataset that it
    trains on or is tested on.

    Raises:
        ValueError: If they differ.
    """
    # MMPose's head of visibilities holds the one of keypoints.
    head = getattr(head, 'pose_head', head)
    decoder = getattr(head, 'decoder', None)
    input_size = getattr(decoder, 'input_size', None)
    if input_size is not None:
        check_sizes(name, tuple(input_size), model, dataset)
        check_grid(name, decoder, model.backbone,
                   getattr(model, 'with_neck', False))
    for key in NUMBERS:
        if hasattr(head, key):
            number = getattr(head, key)
            key = f'{name}.{key}'
            if isinstance(number, dict):  # of several datasets
                own = dataset.metainfo.get('dataset_name')
                own = own if training else model.test_cfg.get('dataset', own)
                number = number[head.routes().names[head.routes().index(own)]]
                key = f'{key}.{own}'
            check_keypoints(key, number, dataset)
            break
    check_names(name, getattr(head, 'names', []), dataset)


def check_sizes(name: str, input_size: Tuple[int, int], model: nn.Module,
                dataset: Any) -> None:
    """Compare a codec's crop size (w, h) with backbone and pipeline.

    Raises:
        ValueError: If they differ.
    """
    img_size = getattr(model.backbone, 'img_size', None)
    if img_size is not None and tuple(img_size) != input_size[::-1]:
        raise ValueError(
            f'model.backbone.img_size={tuple(img_size)} (h, w) disagrees with '
            f"the codec's input_size={input_size} (w, h) of "
            f'model.{name}.decoder; write the same size, reversed')
    for transform in sized_transforms(dataset):
        check_factor(transform)
        size = tuple(transform.input_size)
        if size != input_size:
            raise ValueError(
                f'the pipeline makes crops of {size} pixels (w, h) but '
                f'model.{name}.decoder expects {input_size}; use one '
                'codec in the pipelines and as decoder=_base_.codec')


def check_grid(name: str, decoder: Any, backbone: nn.Module,
               has_neck: bool) -> None:
    """Compare a codec's heatmaps (w, h) with a ViT's patches: a head makes
    each of them 1, 2, 4... cells of either axis; a neck may scale both by
    any number.

    Raises:
        ValueError: If no head could.
    """
    grid = getattr(backbone, 'grid', None)
    size = getattr(decoder, 'heatmap_size', None)
    if grid is None or size is None:
        return
    patches = tuple(grid)[::-1]
    (across, rest), (down, odd) = map(divmod, size, patches)
    fits = size[0] * patches[1] == size[1] * patches[0] if has_neck else (
        not rest and not odd and across == down)
    if not fits:
        stride = backbone.patch_embed.proj.stride[0]
        raise ValueError(
            f'a crop of {tuple(decoder.input_size)} pixels (w, h) is '
            f'{patches} patches, one each {stride} pixels, of which no head '
            f'makes the heatmap_size={tuple(size)} of model.{name}.decoder; '
            f'take sides of the crop that are multiples of {stride}, and '
            'heatmaps of as many times the patches along both axes')


def check_factor(transform: Any) -> None:
    """Refuse an input size (w, h) that BottomupResize would refuse with the
    first image.

    Raises:
        ValueError: If so.
    """
    factor = getattr(transform, 'size_factor', 1)
    if getattr(transform, 'resize_mode', '') == 'fit' and any(
            side % factor for side in transform.input_size):
        raise ValueError(
            f'input_size={tuple(transform.input_size)} (w, h) of the pipeline '
            f'must be multiples of {factor}, the size_factor of '
            f"{type(transform).__name__} with resize_mode='fit'")


def sized_transforms(dataset: Any) -> Iterator:
    """The transforms of a dataset's pipeline that name a size (w, h)."""
    pipeline = getattr(dataset, 'pipeline', None)
    for transform in getattr(pipeline, 'transforms', []):
        if getattr(transform, 'input_size', None) is not None:
            yield transform


def check_keypoints(key: str, number: int, dataset: Any) -> None:
    """Compare the keypoints of a head with those of a dataset.

    Raises:
        ValueError: If they differ.
    """
    num_keypoints: Optional[int] = getattr(dataset, 'metainfo',
                                           {}).get('num_keypoints')
    if num_keypoints not in (None, number):
        raise ValueError(
            f'model.{key}={number}, but '
            f'{dataset.metainfo.get("dataset_name")} has {num_keypoints} '
            'keypoints; set it to that')


def check_names(key: str, names: List[KeypointName], dataset: Any) -> None:
    """Compare the names that a head's filters are made of with a dataset's.

    Raises:
        ValueError: If they differ.
    """
    info = getattr(dataset, 'metainfo', None) or {}
    if not names or 'keypoint_id2name' not in info:
        return
    own = [info['keypoint_id2name'][k] for k in range(info['num_keypoints'])]
    parsed = keypoint_names(own, info['dataset_name'])
    for index, (ours, theirs) in enumerate(zip(names, parsed)):
        if ours != theirs:
            raise ValueError(
                f"keypoint {index} of model.{key} is the '{ours}', but "
                f"{info['dataset_name']} calls it '{own[index]}'; write the "
                f'names of its metainfo as model.{key}.names')
