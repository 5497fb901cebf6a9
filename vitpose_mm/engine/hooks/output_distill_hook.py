# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional, Sequence, Tuple, Union

import torch
from mmengine.hooks import Hook
from mmpose.registry import HOOKS, MODELS
from torch import nn

from ..distillation import (DistillTerm, Teacher, build_teacher,
                            parse_loss_weight)
from ..unwrap_model import unwrap_model

DTYPES = ('float32', 'bfloat16', 'float16')


@HOOKS.register_module()
class OutputDistillHook(Hook):
    """Let a student learn from a trained model's heatmaps.

    Output distillation of ViTPose (arXiv 2204.12484, section 3.4): the
    training loss gains ``loss_weight`` times the loss between the student's
    heatmaps and those that a frozen teacher predicts for the same crops, in
    the log as ``loss_distill``. The student is any top-down model with a
    heatmap head and stays as it is: its config, its checkpoints, its
    inference.

    The teacher gets the student's own augmented crops, resized and
    renormalised if it was trained with others; its heatmaps are resampled to
    the student's.

    Args:
        teacher: Path of the teacher's config.
        teacher_checkpoint: Path or address of the teacher's weights, in any
            layout that ViTPose weights come in.
        loss_weight: A number, or dict(start=, stop=, begin=, end=,
            by_epoch=True) for one that changes linearly between two epochs
            or iterations. While it is 0 the teacher rests.
        loss: Config of the loss between heatmaps, for example
            dict(type='HeatmapKLLoss'); by default KeypointMSELoss, as in the
            paper.
        use_target_weight: Whether a keypoint counts with the weight that it
            has in the student's own loss, which is 0 where there is no
            annotation. By default the teacher is asked for all.
        keypoint_map: (teacher's index, student's index) of the keypoints to
            distil; by default all, which must be the same.
        dataset: Name of the head that learns, in a model with several.
        teacher_dtype: Precision of the teacher: 'float32', 'bfloat16' or
            'float16'.

    Raises:
        ValueError: If an argument is out of its range. Before the first
            batch also if config or weights of the teacher are missing or
            incomplete, or if student and teacher do not fit together.
    """

    def __init__(self,
                 teacher: str,
                 teacher_checkpoint: str,
                 loss_weight: Union[float, dict] = 1.,
                 loss: Optional[dict] = None,
                 use_target_weight: bool = False,
                 keypoint_map: Optional[Sequence[Tuple[int, int]]] = None,
                 dataset: Optional[str] = None,
                 teacher_dtype: str = 'float32') -> None:
        if teacher_dtype not in DTYPES:
            raise ValueError(
                f"teacher_dtype='{teacher_dtype}' is not one of {DTYPES}")
        self.teacher = teacher
        self.teacher_checkpoint = teacher_checkpoint
        self.loss_weight = parse_loss_weight(loss_weight)
        self.loss = loss or dict(type='KeypointMSELoss')
        self.use_target_weight = use_target_weight
        self.keypoint_map = keypoint_map
        self.dataset = dataset
        self.teacher_dtype = getattr(torch, teacher_dtype)

    def before_train(self, runner) -> None:
        """Load the teacher and attach it to the model.

        Not earlier: EMA has copied the model by now, and a run that only
        tests needs no teacher.
        """
        student = runner.model
        student = unwrap_model(student)
        head = find_head(student, self.dataset)
        model = build_teacher(self.teacher, self.teacher_checkpoint)
        if self.keypoint_map is None and self.dataset is None:
            dataset = runner.train_dataloader.dataset
            check_names(model.dataset_meta, getattr(dataset, 'metainfo', {}))
        teacher = Teacher(model, student, head, self.keypoint_map,
                          self.teacher_dtype)
        self.term = DistillTerm(teacher, MODELS.build(self.loss),
                                teacher.map_heatmaps.student_keypoints,
                                self.use_target_weight, self.dataset)
        self.handles = self.term.attach(student, head)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        self.term.weight = self.loss_weight.at(runner.epoch, runner.iter)

    def after_train(self, runner) -> None:
        """Leave the model as it was."""
        for handle in self.handles:
            handle.remove()
        del self.term


def find_head(student: nn.Module, dataset: Optional[str]) -> nn.Module:
    """The head that learns.

    Raises:
        ValueError: If ``dataset`` names none, or there are several and it
            is None.
    """
    heads = getattr(student, 'heads', None) or {None: student.head}
    if dataset not in heads:
        raise ValueError(
            f'OutputDistillHook has dataset={dataset!r}, but this model has '
            f'heads for {list(heads)}: write one of these')
    return heads[dataset]


def check_names(teacher_meta: Optional[dict], meta: dict) -> None:
    """Raise ValueError if teacher and student name their keypoints
    differently. Nothing is checked if the teacher's file holds no names."""
    names, own_names = (
        list((info or {}).get('keypoint_id2name', {}).values())
        for info in (teacher_meta, meta))
    if names and own_names and names != own_names:
        raise ValueError(
            f"the teacher's keypoints are {names}, the student's {own_names}:"
            ' give keypoint_map, a list of (index of the teacher, index of '
            'the student)')
