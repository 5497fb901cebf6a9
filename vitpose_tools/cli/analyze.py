# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import List, Optional, Tuple

import click

from vitpose_tools.progress import progress
from .analyze_options import (CONFIG, DATASET, DEVICE, JSON, OUT, PATH,
                              refusals, write)


@click.group()
def command() -> None:
    """Look inside a model: experts, attention, errors.

    Each command takes a config and a checkpoint, and writes pictures (PNG)
    and their numbers (JSON).

    \b
    Examples:
      vitpose-mm analyze experts CONFIG CHECKPOINT
      vitpose-mm analyze attention CONFIG CHECKPOINT photo.jpg
      vitpose-mm analyze errors CONFIG CHECKPOINT
    """


@command.command()
@CONFIG
@click.argument('checkpoint')
@click.argument('images', nargs=-1, type=PATH)
@DATASET
@OUT
@DEVICE
@JSON
def experts(config: Path, checkpoint: str, images: Tuple[Path, ...],
            dataset: Optional[str], out: Path, device: Optional[str],
            as_json: bool) -> None:
    """How alike are the experts of a ViTPose+ model, block by block?

    Compares the experts' weights: the cosine, 1 if they are the same, 0 if
    they have nothing in common. With IMAGES of single people or animals, as
    crops, their outputs on the same patches too: linear CKA, which no order
    of channels matters for. In a joint config --dataset says whose way the
    images go.

    \b
    Writes OUT/experts.png          similarity over the depth
           OUT/experts_weights.png  all pairs in some blocks
           OUT/experts_outputs.png  the same of outputs, with IMAGES
           OUT/experts.json         all numbers

    \b
    Examples:
      vitpose-mm analyze experts joint.py plus.pth
      vitpose-mm analyze experts joint.py plus.pth crops/*.jpg --dataset coco
    """
    with refusals():
        from vitpose_tools import analyze
        from vitpose_tools.models import resolve_checkpoint
        from vitpose_tools.predict.open_model import ModelError, open_model
        if dataset and not images:
            raise ModelError('--dataset says whose way images go, and there '
                             'are none; add images, or leave it out')
        settings = analyze.read_test_config(config)
        chosen = analyze.choose_dataset(settings, config, dataset) \
            if images else settings
        model = open_model(
            chosen, config, resolve_checkpoint(checkpoint), device)
        names = analyze.find_experts(model, config)
        depth = len(model.backbone.blocks)
        with progress('Comparing weights', depth) as advance:
            weights = analyze.summarise_blocks(
                names, analyze.compare_weights(model.backbone, advance))
        outputs: List[dict] = []
        if images:
            test = chosen.test_dataloader.dataset
            metainfo = analyze.metainfo_of(test, config)
            crops = [analyze.cut_crop(test.pipeline, metainfo, image)
                     for image in images]
            expert = analyze.route(model, metainfo['dataset_name'])
            with progress('Comparing outputs', depth) as advance:
                outputs = analyze.summarise_blocks(
                    names, analyze.compare_outputs(model, crops, expert,
                                                   advance))
        figures = dict(
            experts=analyze.draw_by_block(names, weights, outputs),
            experts_weights=analyze.draw_matrices(names, weights,
                                                  analyze.WEIGHTS))
        if images:
            figures['experts_outputs'] = analyze.draw_matrices(
                names, outputs, analyze.OUTPUTS)
    numbers = dict(
        config=str(config), checkpoint=str(checkpoint), experts=names,
        ffn=model.backbone.ffn, images=[str(image) for image in images],
        weights=weights, outputs=outputs)
    write(out, numbers, 'experts', figures, as_json)


@command.command()
@CONFIG
@click.argument('checkpoint')
@click.argument('image', type=PATH)
@click.option('--box', type=float, nargs=4, metavar='X Y W H',
              help='Of the person, in pixels of the image. [default: all of '
              'it]')
@click.option('--point', type=float, nargs=2, metavar='X Y',
              help='Show where the patch here looks, in pixels of the image. '
              '[default: all patches]')
@click.option('--block', type=int, default=-1, show_default=True,
              help='Whose heads to show, from 0; -1 is the last.')
@DATASET
@OUT
@DEVICE
@JSON
def attention(config: Path, checkpoint: str, image: Path,
              box: Optional[Tuple[float, ...]],
              point: Optional[Tuple[float, float]], block: int,
              dataset: Optional[str], out: Path, device: Optional[str],
              as_json: bool) -> None:
    """Where does the backbone look in a crop?

    Windows, shifted or pooled, are put back to the image. What goes to
    tokens without a place is in the JSON, not in the pictures. Each map is
    checked against the output of the model's own attention.

    \b
    Writes OUT/attention.png           heads of a block, and the rollout
           OUT/attention_by_block.png  each block
           OUT/attention.json          all numbers

    \b
    Examples:
      vitpose-mm analyze attention CONFIG CHECKPOINT photo.jpg
      vitpose-mm analyze attention CONFIG CHECKPOINT photo.jpg \\
          --box 40 20 120 300 --point 100 60 --block 5
    """
    with refusals():
        from vitpose_tools import analyze
        from vitpose_tools.models import resolve_checkpoint
        from vitpose_tools.predict.open_model import open_model
        chosen = analyze.choose_dataset(
            analyze.read_test_config(config), config, dataset)
        test = chosen.test_dataloader.dataset
        metainfo = analyze.metainfo_of(test, config)
        crop = analyze.cut_crop(test.pipeline, metainfo, image, box)
        model = open_model(
            chosen, config, resolve_checkpoint(checkpoint), device)
        vit = analyze.find_vit(model, config)
        expert = analyze.route(model, metainfo['dataset_name'])
        with progress('Looking', len(vit.blocks)) as advance:
            seen = analyze.look(model, crop, expert, block, point, advance)
        figures = dict(attention=analyze.draw_block(crop, seen),
                       attention_by_block=analyze.draw_depth(crop, seen))
    numbers = dict(
        config=str(config), checkpoint=str(checkpoint), image=str(image),
        box=crop.box, point=point, **seen.numbers())
    write(out, numbers, 'attention', figures, as_json)


@command.command()
@CONFIG
@click.argument('checkpoint', required=False)
@click.option('--results', type=PATH,
              help='What `mim test --dump` wrote, instead of a CHECKPOINT.')
@click.option('--worst', type=click.IntRange(1), default=12,
              show_default=True, help='Worst people to draw.')
@DATASET
@OUT
@DEVICE
@JSON
def errors(config: Path, checkpoint: Optional[str], results: Optional[Path],
           worst: int, dataset: Optional[str], out: Path,
           device: Optional[str], as_json: bool) -> None:
    """Where is the model wrong, and does it know?

    Tests CHECKPOINT on the labelled test set of CONFIG, in annotated boxes;
    or reads the results of a test.

    \b
    Writes OUT/errors.png       error and confidence of each keypoint
           OUT/calibration.png  confidence against PCK and OKS
           OUT/worst.png        the worst people, label beside prediction
           OUT/errors.json      all numbers

    \b
    Examples:
      vitpose-mm analyze errors CONFIG CHECKPOINT
      vitpose-mm analyze errors joint.py plus.pth --dataset ap10k
      vitpose-mm analyze errors CONFIG --results results.pkl
    """
    with refusals():
        from vitpose_tools import analyze
        from vitpose_tools.models import resolve_checkpoint
        from vitpose_tools.predict.open_model import ModelError
        if (checkpoint is None) == (results is None):
            raise ModelError('give either a CHECKPOINT to test, or --results '
                             'of a test')
        notes: List[str] = []
        chosen = analyze.choose_dataset(
            analyze.read_test_config(config), config, dataset)
        if results:
            people = analyze.read_results(results,
                                          chosen.test_dataloader.dataset)
        else:
            people = analyze.predict(
                chosen, config, resolve_checkpoint(checkpoint), device, notes)
        numbers = analyze.analyze_errors(people, worst)
        analyze.check_pictures(people, numbers)
        figures = dict(errors=analyze.draw_keypoints(numbers),
                       calibration=analyze.draw_calibration(numbers))
        with progress('Drawing people', len(numbers['worst'])) as advance:
            figures['worst'] = analyze.draw_worst(people, numbers, advance)
    for note in notes:
        click.echo(note, err=True)
    from vitpose_tools.report import error_table
    if not as_json:
        click.echo(error_table(numbers))
        for name, found in numbers['calibration'].items():
            if found:
                click.echo(f'expected calibration error against '
                           f'{name.upper()}: {found["ece"]:.3f}')
    numbers = dict(config=str(config), checkpoint=str(checkpoint or ''),
                   results=str(results or ''), notes=notes, **numbers)
    write(out, numbers, 'errors', figures, as_json)
