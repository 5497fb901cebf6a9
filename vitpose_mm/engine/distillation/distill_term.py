# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import weakref
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from mmpose.structures import PoseDataSample
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from .teacher import last_stage


class DistillTerm:
    """A term of a student's loss: how far its heatmaps are from a teacher's.

    Args:
        teacher: Maps crops (B, 3, H, W) to heatmaps (B, K, h, w).
        loss: Compares heatmaps: (output, target, target_weights or None) to
            a scalar.
        keypoints: Indices of the student's keypoints that are compared,
            shape (K, ); None for all.
        use_target_weight: Whether keypoints count with the weight that they
            have in the student's own loss, which is 0 without annotation.
        dataset: Which samples of a multi-dataset model; None for all.
    """

    def __init__(self, teacher: Callable[[Tensor], Tensor], loss: nn.Module,
                 keypoints: Optional[Tensor], use_target_weight: bool,
                 dataset: Optional[str]) -> None:
        self.teacher = teacher
        self.loss = loss
        self.keypoints = keypoints
        self.use_target_weight = use_target_weight
        self.dataset = dataset
        self.weight = 1.
        self.name = f'{dataset}/loss_distill' if dataset else 'loss_distill'
        self.clear()

    def clear(self) -> None:
        """Forget the batch."""
        self.share = 1.
        self.target: Optional[Tensor] = None
        self.output: Optional[Tensor] = None
        self.target_weights: Optional[Tensor] = None

    def attach(self, model: nn.Module,
               head: nn.Module) -> List[RemovableHandle]:
        """Add this term to what a model returns as its losses.

        Args:
            model: The student, unwrapped.
            head: The head of it that learns.

        Returns:
            Handles to remove the term again.
        """
        loss_module = head.loss_module
        if isinstance(loss_module, nn.ModuleList):  # one loss per stage
            loss_module = loss_module[-1]
        link = WeakLink(self)
        # Functions of this module, so that copies of the model, pickled ones
        # too, can hold them.
        return [
            model.register_forward_pre_hook(
                partial(ask_teacher, link), with_kwargs=True),
            loss_module.register_forward_pre_hook(
                partial(take_heatmaps, link), with_kwargs=True),
            model.register_forward_hook(partial(add_loss, link))
        ]

    def ask(self, model: nn.Module, inputs: Tensor,
            data_samples: Sequence[PoseDataSample]) -> None:
        """Let the teacher see what the head will see."""
        if self.dataset:
            routes = model.routes
            own = routes.index(self.dataset)
            picked = [
                i for i, index in enumerate(routes.indices(data_samples, True))
                if index == own
            ]
            self.share = len(picked) / len(data_samples)
            inputs = inputs[picked]
        if len(inputs):
            self.target = self.teacher(inputs)

    def take(self, output: Tensor, target_weights: Optional[Tensor]) -> None:
        """Keep what the head has predicted."""
        self.output = last_stage(output)
        if self.use_target_weight:
            self.target_weights = target_weights
        if self.keypoints is not None:
            self.output = self.output[:, self.keypoints]
            if self.use_target_weight:
                self.target_weights = self.target_weights[:, self.keypoints]

    def compute(self) -> Tensor:
        """The weighted loss of the batch."""
        if self.output.shape != self.target.shape:
            raise ValueError(
                f'the student predicts heatmaps {tuple(self.output.shape)}, '
                f'the teacher {tuple(self.target.shape)} (crops, keypoints, '
                'h, w): head and decoder of one of them disagree')
        loss = self.loss(self.output, self.target, self.target_weights)
        return loss * (self.weight * self.share)


class WeakLink:
    """A weak reference whose copies lead nowhere.

    EMA and users copy and pickle a model with its forward hooks. A hook that
    holds what it needs through such a link keeps nothing alive, and does
    nothing in the copy.

    Args:
        target: What it leads to.
    """

    def __init__(self, target: Optional[Any] = None) -> None:
        self._ref = None if target is None else weakref.ref(target)

    def __call__(self) -> Optional[Any]:
        """The target; None if it is gone or this is a copy."""
        return self._ref and self._ref()

    def __reduce__(self) -> Tuple[type, tuple]:
        return WeakLink, ()


def ask_teacher(link: WeakLink, model: nn.Module, args: tuple,
                kwargs: dict) -> None:
    """Before the model's forward: compute the targets of a training batch.

    The teacher goes first, so that what it needs for a moment is free again
    when the student's activations fill the memory.
    """
    term = link()
    inputs, data_samples, mode = forward_arguments(*args, **kwargs)
    if term is not None and mode == 'loss' and term.weight:
        term.clear()
        term.ask(model, inputs, data_samples)


def take_heatmaps(link: WeakLink, loss_module: nn.Module, args: tuple,
                  kwargs: dict) -> None:
    """Before the loss's forward; the last stage's call counts."""
    term = link()
    if term is not None and term.target is not None:
        output, _, target_weights = loss_arguments(*args, **kwargs)
        term.take(output, target_weights)


def add_loss(link: WeakLink, model: nn.Module, args: tuple,
             losses: Dict[str, Tensor]) -> None:
    """After the model's forward; several teachers of one head add up."""
    term = link()
    if term is not None and term.target is not None:
        losses[term.name] = losses.get(term.name, 0.) + term.compute()
        term.clear()


def forward_arguments(inputs: Tensor,
                      data_samples: Sequence[PoseDataSample] = (),
                      mode: str = 'tensor') -> tuple:
    """Name the arguments of an estimator's forward."""
    return inputs, data_samples, mode


def loss_arguments(output: Tensor,
                   target: Tensor,
                   target_weights: Optional[Tensor] = None) -> tuple:
    """Name the arguments of a heatmap loss."""
    return output, target, target_weights
