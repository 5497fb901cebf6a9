# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from vitpose_tools.configs import config_path
from .labels import OwnDataError, OwnLabels
from .presets import Preset, crop_size

# Of crops that are whole images: a keypoint at the very border of a heatmap is
# decoded up to a pixel of it too far inside.
WHOLE_PADDING = 1.1
# Validations of a training.
VALIDATIONS = 10

# Of every config that is written; ``max_epochs`` stands before it.
SCHEDULE = '''\
param_scheduler = [
    dict(
        type='LinearLR', begin=0, end={warmup}, start_factor=0.01,
        by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True),
]
'''
WRITTEN = '# Written by `vitpose-mm finetune`'
TEXT = WRITTEN + '''; yours to edit. All that happens is in here
# and in its two bases.
#   mim train mmpose {name} --work-dir {work_dir} --resume
#   mim test mmpose {name} -C {work_dir}/best_EPE_epoch_N.pth
_base_ = [
    {model_base!r},
    {schedule_base!r},
]

# {people} of {category!r} in {images} images; boxes are {boxes}.
num_keypoints = {number}
metainfo = dict(from_file={metainfo!r})
# w x h in pixels; the aspect is that of the boxes.
codec = dict(
    type='UDPHeatmap',
    input_size={input_size},
    heatmap_size={heatmap_size},
    sigma={sigma},
    blur_kernel_size={blur})

model = dict(
    # h x w in pixels.
    backbone=dict(
        img_size={img_size}{backbone}),
    head=dict(out_channels=num_keypoints, decoder=codec),
    train_cfg=dict(compute_acc=False),
    # Predictions of a picture and of its mirror image, averaged.
    test_cfg=dict(flip_test={flip}))

# Sides of a crop by those of the box.
padding = {padding}
train_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale', padding=padding),
    dict(
        type='RandomBBoxTransform',
        shift_factor=0.1,
        scale_factor=(0.75, 1.25),
        rotate_factor=30),
{flip_transform}    dict(
        type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='PhotometricDistortion'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs')
]
val_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale', padding=padding),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='PackPoseInputs')
]

images = {image_dir!r}
train_dataloader = dict(
    batch_size={batch},
    num_workers={workers},
    persistent_workers={persistent},
    drop_last={drop_last},
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CocoDataset',
        metainfo=metainfo,
        data_mode='topdown',
        ann_file={train!r},
        data_prefix=dict(img=images),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size={val_batch},
    num_workers={workers},
    persistent_workers={persistent},
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='CocoDataset',
        metainfo=metainfo,
        data_mode='topdown',
        ann_file={val!r},
        data_prefix=dict(img=images),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader

# EPE is the mean distance to the labels, in pixels of the images; PCK the
# share of keypoints nearer than a twentieth of the box's longer side.
val_evaluator = [
    dict(type='EPE'),
    dict(type='PCKAccuracy', thr=0.05),
    dict(type='CocoMetric', ann_file=val_dataloader['dataset']['ann_file']),
]
test_evaluator = val_evaluator

# {iterations} steps.
max_epochs = {epochs}
train_cfg = dict(max_epochs=max_epochs, val_interval={val_interval})
optim_wrapper = dict(optimizer=dict(lr={lr}))
''' + SCHEDULE + '''default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        interval={val_interval},
        max_keep_ckpts=1,
        save_best='EPE',
        rule='less'))
randomness = dict(seed={seed})
'''


@dataclass(frozen=True)
class Plan:
    """What a leaf is written for.

    Args:
        train, val: The COCO files' labels.
        images: Folder of the images of both.
        metainfo: File.
        init: Weights of the backbone; None for those of the preset.
        flip: Whether mirrored pictures train.
        epochs, batch: None for those of the preset.
        gpu: Whether there is one.
        seed: Of training.
    """

    train: OwnLabels
    val: OwnLabels
    images: Path
    metainfo: Path
    flip: bool
    init: Optional[str] = None
    epochs: Optional[int] = None
    batch: Optional[int] = None
    gpu: bool = False
    seed: int = 0


def write_leaf(plan: Plan, preset: Preset, path: Path, work_dir: Path) -> str:
    """Text of a leaf config.

    Args:
        plan: What it is for.
        preset: Size of the model.
        path: Where the text will lie; bases are named relative to it.
        work_dir: Of the training.
    """
    people = len(plan.train.keypoints)
    batch = min(plan.batch or preset.batch, people)
    steps = max(1, people // batch)
    epochs = plan.epochs or max(1, round(preset.iterations / steps))
    width, height = crop_size(preset.side, plan.train.aspect)
    flip_transform = "    dict(type='RandomFlip', direction='horizontal'),\n"
    workers = 4 if plan.gpu else 0
    return TEXT.format(
        name=path.name, work_dir=work_dir, category=plan.train.category,
        people=people, images=plan.train.images,
        boxes='whole images' if plan.train.whole else 'around each of them',
        model_base=base_of(path, f'models/{preset.base}.py'),
        schedule_base=base_of(path, 'schedules/vitpose_210e.py'),
        number=len(plan.train.names), metainfo=str(plan.metainfo),
        input_size=(width, height),
        heatmap_size=(width // 4, height // 4), img_size=(height, width),
        sigma=preset.sigma, blur=preset.blur,
        backbone=backbone_options(plan, preset),
        flip=plan.flip, flip_transform=flip_transform if plan.flip else '',
        padding=WHOLE_PADDING if plan.train.whole else 1.25,
        image_dir=f'{plan.images}/', train=str(plan.train.path),
        val=str(plan.val.path),
        batch=batch, val_batch=2 * batch, workers=workers,
        persistent=workers > 0, drop_last=people > batch,
        iterations=steps * epochs, epochs=epochs,
        val_interval=max(1, epochs // VALIDATIONS), lr=preset.lr,
        warmup=max(1, min(100, steps * epochs // 10)), seed=plan.seed)


def backbone_options(plan: Plan, preset: Preset) -> str:
    """What differs from the base, as lines of the backbone's dictionary."""
    lines = []
    if plan.init:
        lines.append('init_cfg=dict(\n            _delete_=True,\n'
                     "            type='Pretrained',\n"
                     f'            checkpoint={plan.init!r})')
    if preset.freeze and people_are_few(plan.train):
        lines.append(
            '# Attention stays as it was pre-trained, which few labels\n'
            '        # cannot improve; leave the line out to train it too.\n'
            f'        freeze={preset.freeze!r}')
    return ''.join(f',\n        {line}' for line in lines)


def people_are_few(labels: OwnLabels) -> bool:
    return len(labels.keypoints) < 500


def base_of(path: Path, base: str, root: str = '_base_') -> str:
    """Path of a base config, relative to a config.

    Args:
        path: Of the config, which need not exist.
        base: Below ``root``.
        root: Folder of bases, below the configs.

    Raises:
        OwnDataError: If the installation lacks it.
    """
    try:
        return os.path.relpath(config_path(f'{root}/{base}'),
                               path.resolve().parent)
    except FileNotFoundError as error:
        raise OwnDataError(str(error)) from error
