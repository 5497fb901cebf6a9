# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Callable, Optional

from vitpose_mm.fileio import remove, write_beside
from vitpose_tools.data_check.flip_pairs import FlipPairs
from vitpose_tools.pool import cores
from vitpose_tools.progress import progress
from vitpose_tools.run_folder import CONFIG, METAINFO, RUN
from .choices import Choices, Say
from .labels import OwnDataError, OwnLabels, read_own_labels
from .leaf import WRITTEN, Plan, write_leaf
from .metainfo import write_metainfo
from .presets import PRESETS, crop_size
from .source import find_data
from .stages import Stages, digests, once, run_python

# By what the data were checked, so that no image is read twice for it.
CHECKED = 'checked.json'


def finetune(choices: Choices, dry_run: bool, fresh: bool,
             say: Say) -> Optional[Path]:
    """Write metainfo and config, check the data, train and test.

    Args:
        choices: What to do.
        dry_run: Stop before the training.
        fresh: Begin anew where ``choices.out`` holds a run.
        say: Gets sentences for people.

    Returns:
        The best weights; None after a dry run.

    Raises:
        OwnDataError: One sentence with the cure.
    """
    out = choices.out
    if fresh:
        remove_run(out)
    out.mkdir(parents=True, exist_ok=True)
    train, val, images = find_data(choices, say)
    if not once(out / CHECKED, dict(digests([train, val]), images=str(images)),
                lambda: check(train, val, images, say)):
        say('The data are as they were when they were checked')
    config = write_files(choices, train, val, images, say)
    if dry_run:
        return None
    stages = Stages(out, [config, out / METAINFO, train, val])
    if choices.videos:
        pretrain_first(choices, stages, say)
    epochs = max_epochs(config)
    run = out / RUN
    say(f'Training by {config}; the log is {run / "train.log"}')
    with progress('Epochs', epochs) as advance:
        stages.run('train', lambda: run_python(
            ['-m', 'mim', 'train', 'mmpose', str(config), '--work-dir',
             str(run), '--resume'], run / 'train.log', Counter(advance)))
    best = best_weights(run)
    say(f'Testing {best.name}')
    stages.run('test', lambda: run_python(
        ['-m', 'mim', 'test', 'mmpose', str(config), '-C', str(best),
         '--work-dir', str(run)], run / 'test.log'))
    return best


def best_weights(run: Path) -> Path:
    """The weights that a report of a training would take.

    Raises:
        OwnDataError: If there are none.
    """
    from vitpose_tools.report.run import Run, RunError
    try:
        best = Run(run).checkpoint
    except RunError as error:
        raise OwnDataError(str(error)) from error
    if best is None:
        raise OwnDataError(f'{run} holds no weights; the training was not '
                           'validated, see its log')
    return best


class Counter:
    """Advance a bar once for each new epoch of a log."""

    def __init__(self, advance: Callable[[], None]) -> None:
        self.advance, self.seen = advance, 0

    def __call__(self, epoch: int) -> None:
        while self.seen < epoch:
            self.seen += 1
            self.advance()


def write_files(choices: Choices, train: Path, val: Path, images: Path,
                say: Say) -> Path:
    """Write metainfo and config where they are not there yet."""
    out, preset = choices.out, PRESETS[choices.size]
    config, metainfo = out / CONFIG, out / METAINFO
    if config.exists() != metainfo.exists():
        there = config if config.exists() else metainfo
        raise OwnDataError(f'{out} holds {there.name} without the other of '
                           f'{CONFIG} and {METAINFO}; choose another --out')
    if config.exists():
        say(f'{config} and {metainfo} are used as they are; --fresh writes '
            'them anew')
        return config
    labels, held_out = read_own_labels(train), read_own_labels(val)
    if labels.names != held_out.names:
        raise OwnDataError(f'{train} and {val} name different keypoints; '
                           'make both from one source')
    flips = labels.flips
    flip = flips.known if choices.flip is None else choices.flip
    for line in describe(labels, held_out, flips, flip, choices):
        say(line)
    name = ''.join(char if char.isalnum() else '_'
                   for char in labels.category)
    plan = Plan(
        labels, held_out, images, metainfo.resolve(), flip,
        find_init(choices), choices.epochs, choices.batch, has_gpu(),
        choices.seed)
    texts = {metainfo: write_metainfo(labels, flips, name),
             config: write_leaf(plan, preset, config, out / RUN)}
    for path, text in texts.items():
        write_beside(path, lambda part, text=text: part.write_text(
            text, encoding='utf-8'))
    return config


def describe(labels: OwnLabels, held_out: OwnLabels, flips: FlipPairs,
             flip: bool, choices: Choices) -> list:
    """What was found and decided, for people."""
    preset = PRESETS[choices.size]
    width, height = crop_size(preset.side, labels.aspect)
    pairs = ', '.join(f'{labels.names[i]}/{labels.names[j]}'
                      for i, j in flips.pairs[:3])
    more = f' and {len(flips.pairs) - 3} more' if len(flips.pairs) > 3 else ''
    why = f'pairs {pairs}{more}' if flips.pairs else 'no pairs in the names'
    if labels.pairs:
        why += ', as the labels say'
    if flips.alone:
        why += f', nothing beside {flips.alone[0]}'
    if choices.flip is not None:
        why = 'as you said'
    return [
        f'{len(labels.keypoints)} of {labels.category!r} in {labels.images} '
        f'images to train on, {len(held_out.keypoints)} to test on; '
        f'{len(labels.names)} keypoints',
        f'Size {choices.size}: {preset.needs}; crops of {width}x{height} '
        f'pixels of {"the whole image" if labels.whole else "each box"}',
        f'Mirrored pictures: {"on" if flip else "off"} ({why})',
    ]


def find_init(choices: Choices) -> Optional[str]:
    """Weights that the backbone starts from, as a config names them."""
    if choices.videos:
        if choices.init:
            raise OwnDataError('--init and --pretrain exclude each other')
        return str((choices.out / 'mae' / 'encoder.pth').resolve())
    if choices.init is None:
        return None
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_mm.checkpoints.address import is_address
    from vitpose_tools.models import resolve_checkpoint
    try:
        init = resolve_checkpoint(choices.init)
    except CheckpointError as error:
        raise OwnDataError(f'--init {error}') from error
    return init if is_address(init) else str(
        Path(init).expanduser().resolve())


def has_gpu() -> bool:
    import torch
    return torch.cuda.is_available()


def check(train: Path, val: Path, images: Path, say: Say) -> None:
    """Run `vitpose-mm data check` on both files.

    Raises:
        OwnDataError: If it finds an error.
    """
    from vitpose_mm.datasets.checks import WARNING, DataError
    from vitpose_tools.annotations import AnnotationError
    from vitpose_tools.data_check import check_data
    try:
        findings, _ = check_data(train, images, None, val, None, cores(),
                                 progress)
    except AnnotationError as error:
        raise OwnDataError(str(error)) from error
    for each in findings:
        if each.severity == WARNING:
            say(f'warning: {each.text}')
    refused = [each for each in findings if each.refused]
    if refused:
        raise OwnDataError(str(DataError(refused)))


def max_epochs(config: Path) -> int:
    from mmengine.config import Config
    try:
        return Config.fromfile(config).train_cfg.max_epochs
    except Exception as error:  # of whatever somebody wrote there
        raise OwnDataError(f'{config} was not read: {error}; --fresh writes '
                           'it anew') from error


def pretrain_first(choices: Choices, stages: Stages, say: Say) -> None:
    """MAE on videos; its encoder is what the config starts from."""
    from mmengine.config import Config

    from .pretraining import (FRAMES, extract_frames, schedule, train_mae,
                              write_pretraining)
    folder = choices.out / 'mae'
    frames, encoder = folder / 'frames', folder / 'encoder.pth'
    with progress('Reading frames', FRAMES) as advance:
        count = extract_frames(choices.videos, frames, advance)
    model = Config.fromfile(choices.out / CONFIG).model
    config = folder / CONFIG
    text = write_pretraining(
        config, frames.resolve(), count, model.backbone,
        tuple(model.backbone.img_size), has_gpu(), choices.seed)
    write_beside(config, lambda part: part.write_text(text, encoding='utf-8'))
    epochs = schedule(count)[-1]
    say(f'Pre-training on {count} frames; the log is {folder / "train.log"}')
    with progress('Epochs', epochs) as advance:
        stages.run('pretrain', lambda: train_mae(
            config, folder, encoder, Counter(advance)))


def remove_run(out: Path) -> None:
    """Remove what a run left, but not the data.

    Raises:
        OwnDataError: If the folder is of somebody else.
    """
    if not (out / CONFIG).exists():
        return
    if not (out / 'made_by.json').exists() and not (
            out / CONFIG).read_text().startswith(WRITTEN):
        raise OwnDataError(f'{out / CONFIG} is none that vitpose-mm finetune '
                           'wrote, so --fresh leaves it; choose another --out')
    for name in (CONFIG, METAINFO, CHECKED, 'stages.json', 'made_by.json',
                 RUN, 'mae'):
        remove(out / name)
