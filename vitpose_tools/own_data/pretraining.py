# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""MAE on the frames of own videos, before their labels are learnt.

Run as a module, it trains by a config of MMPretrain's as `mim train
mmpretrain` does, beside any version of transformers:
    python -m vitpose_tools.own_data.pretraining CONFIG WORK_DIR
"""
import os
import shutil
import sys
from itertools import islice
from pathlib import Path
from typing import Callable, Iterator, Sequence, Tuple

import cv2

from vitpose_mm.fileio import write_beside
from vitpose_tools.predict.videos import Video, VideoError
from .labels import OwnDataError
from .leaf import SCHEDULE, base_of
from .stages import run_python

# Frames of all videos together, evenly spread; more bring little.
FRAMES = 2000
STEPS = 1000
BATCH = 32
TEXT = '''\
# Written by `vitpose-mm finetune`: a masked autoencoder on frames of your
# videos, whose encoder the pose model then starts from.
_base_ = [
    {model_base!r},
    {schedule_base!r},
]

img_size = {img_size}  # h x w
model = dict(
    backbone=dict(arch={arch}, img_size=img_size, patch_size={patch}),
    neck=dict(
        embed_dim={embed_dim},
        img_size=img_size,
        patch_size={patch},
        decoder_embed_dim={decoder},
        decoder_depth=2,
        decoder_num_heads=4),
    head=dict(img_size=img_size, patch_size={patch}))

train_dataloader = dict(
    batch_size={batch},
    num_workers={workers},
    persistent_workers={persistent},
    drop_last=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CustomDataset',
        data_root={frames!r},
        with_label=False,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='RandomResizedCrop',
                scale=img_size,
                crop_ratio_range=(0.3, 1.0),
                backend='pillow',
                interpolation='bicubic'),
            dict(type='PackInputs')
        ]))

# {steps} steps.
max_epochs = {epochs}
train_cfg = dict(by_epoch=True, max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
''' + SCHEDULE + '''default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=max(1, max_epochs // 10), max_keep_ckpts=1))
randomness = dict(seed={seed})
'''


def extract_frames(videos: Sequence[Path], folder: Path,
                   advance: Callable[[], None]) -> int:
    """Write evenly spread frames of videos as PNG files.

    Args:
        videos: Files that OpenCV reads.
        folder: It appears when all are written.
        advance: Called after each frame.

    Returns:
        Number of frames.

    Raises:
        OwnDataError: If a video has no frames that can be read.
    """
    if folder.exists():
        return sum(1 for _ in folder.glob('*.png'))
    written = 0

    def write(part: Path) -> None:
        nonlocal written
        part.mkdir()
        for number, video in enumerate(videos):
            for index, frame in read_frames(video, FRAMES // len(videos)):
                name = f'{number:02d}-{index:06d}.png'
                if not cv2.imwrite(str(part / name), frame):
                    raise OSError(f'{part / name} was not written')
                written += 1
                advance()

    write_beside(folder, write)
    return written


def read_frames(video: Path, most: int) -> Iterator[tuple]:
    """Yield (index, frame) of at most so many evenly spread frames, BGR."""
    try:
        source = Video(video)
    except VideoError as error:
        raise OwnDataError(
            f'{video}: OpenCV reads no frame of this video; ffmpeg can turn '
            'it into an H.264 MP4') from error
    step = max(1, source.stated // max(1, most))
    yield from islice(source.read(lambda index: index % step == 0), most)


def write_pretraining(path: Path, frames: Path, count: int, backbone: dict,
                      img_size: Tuple[int, int], gpu: bool,
                      seed: int) -> str:
    """Text of a config for MMPretrain.

    Args:
        path: Where it will lie.
        frames: Folder of pictures.
        count: How many they are.
        backbone: The pose model's, with ``arch`` and ``patch_size``.
        img_size: (h, w) of the pose model's crops, pixels.
        gpu: Whether there is one.
        seed: Of training.
    """
    from vitpose_mm.models.backbones.archs import parse_arch
    arch = parse_arch(backbone['arch'])
    batch, steps, epochs = schedule(count)
    workers = 4 if gpu else 0
    return TEXT.format(
        model_base=base_of(path, 'mae_vit-base.py', 'mae/_base_'),
        schedule_base=base_of(path, 'mae_1600e.py', 'mae/_base_'),
        img_size=img_size, arch=arch_text(arch),
        patch=backbone.get('patch_size', 16),
        embed_dim=arch.embed_dim, decoder=max(64, arch.embed_dim // 2),
        batch=batch, workers=workers, persistent=workers > 0,
        frames=str(frames), steps=steps * epochs, epochs=epochs,
        warmup=max(1, min(100, steps * epochs // 10)), seed=seed)


def schedule(count: int) -> Tuple[int, int, int]:
    """Batch, steps of an epoch, and epochs for so many pictures."""
    batch = min(BATCH, count)
    steps = -(-count // batch)
    return batch, steps, max(1, round(STEPS / steps))


def arch_text(arch) -> str:
    """An architecture in place of the base's."""
    numbers = ', '.join(f'{key}={value}'
                        for key, value in arch._asdict().items())
    return f'dict(_delete_=True, {numbers})'


def train_mae(config: Path, folder: Path, encoder: Path,
              on_epoch: Callable[[int], None]) -> None:
    """Train by a config, going on where it stopped.

    Args:
        config: Of write_pretraining.
        folder: For logs and checkpoints.
        encoder: Gets the last checkpoint.
        on_epoch: Called with the number of each epoch.
    """
    run_python(['-m', 'vitpose_tools.own_data.pretraining', str(config),
                str(folder)], folder / 'train.log', on_epoch)
    last = Path((folder / 'last_checkpoint').read_text().strip())
    write_beside(encoder, lambda part: shutil.copyfile(last, part))


def main() -> None:
    from mmengine.config import Config
    from mmengine.runner import Runner

    from vitpose_tools.benchmark.recipes import import_mmpretrain
    import_mmpretrain()
    config = Config.fromfile(sys.argv[1])
    config.work_dir = sys.argv[2]
    config.resume = True
    Runner.from_cfg(config).train()


if __name__ == '__main__':
    os.environ.setdefault('OMP_NUM_THREADS', str(os.cpu_count()))
    main()
