# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from typing import Iterator, Optional, Tuple

import click

ROW = '{:<29}{:<15}{:<6}{:<10}{:<13}{}'
HEADER = 'NAME', 'DATASET', 'SIZE', 'AP', 'LICENCE', 'DISK'


@click.command()
@click.argument('name', required=False)
@click.option('--dataset', metavar='D', help='Those of this dataset: coco, '
              'aic, mpii, ap10k, apt36k or coco_wholebody.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
def command(name: Optional[str], dataset: Optional[str],
            as_json: bool) -> None:
    """List public models that other commands take by name, or say all about
    one.

    AP is in per cent, as who trained the model published it on the
    validation set of its dataset; nothing was measured here. MPII has PCKh.
    Models without a dataset are backbones to start a training from.

    \b
    Examples:
      vitpose-mm models
      vitpose-mm models --dataset ap10k
      vitpose-mm models vitpose-plus-base/ap10k
    """
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_mm.checkpoints.expert_datasets import full_name
    from vitpose_tools.models import all_models, find_model
    models = [model for model in all_models()
              if dataset is None or model.dataset == full_name(dataset)]
    if not models:
        known = sorted({model.dataset for model in all_models()} - {None})
        raise click.ClickException(f'no model finds the keypoints of '
                                   f'{dataset}; there are {", ".join(known)}')
    try:
        if name:
            models = [find_model(f'{name}/{dataset}' if dataset else name)]
        if as_json:
            rows = [facts_of(model) for model in models]
            click.echo(json.dumps(rows[0] if name else rows, indent=2))
        elif name:
            for key, text in describe(models[0]):
                click.echo(f'{key:<12} {text}')
        else:
            click.echo(ROW.format(*HEADER))
            for model in models:
                click.echo(row_of(model))
    except CheckpointError as error:
        raise click.ClickException(str(error)) from error


def row_of(model) -> str:
    """A line of the table."""
    from vitpose_tools.models import is_on_disk
    published = ''.join(percent(metric, value) for metric, value
                        in model.published.items()).replace(' AP', '')
    return ROW.format(model.name, model.dataset or '-', model.size,
                      published.replace('@0.5', '') or '-',
                      model.licence or 'not stated',
                      'yes' if is_on_disk(model) else '-')


def percent(metric: str, value: float) -> str:
    """As tables of the field write it: 75.8 AP."""
    return f'{100 * value:.1f} {metric}'


def facts_of(model) -> dict:
    """What JSON tells of a model."""
    from vitpose_tools.models import config_file, is_on_disk
    return dict(model._asdict(), size=model.size,
                config=str(config_file(model)), on_disk=is_on_disk(model))


def describe(model) -> Iterator[Tuple[str, str]]:
    """Lines for people: (name, text)."""
    from vitpose_mm.checkpoints.loader import local_file
    from vitpose_tools.models import config_file, is_on_disk
    config = config_file(model)
    yield 'name', model.name
    yield 'dataset', model.dataset or 'none, a backbone alone'
    yield 'size', model.size
    for metric, value in model.published.items():
        yield 'published', (f'{percent(metric, value)}, by '
                            f'{model.publisher}; not measured here')
    yield 'licence', model.licence or 'not stated'
    yield 'weights', model.checkpoint
    yield 'layout', model.layout
    yield 'config', str(config)
    yield 'on disk', str(local_file(model.checkpoint)) \
        if is_on_disk(model) else 'no, it is downloaded when it is first used'
    yield 'look', f'vitpose-mm checkpoint inspect {model.name}'
    if model.dataset:
        yield 'test', (f"mim test mmpose {config} --checkpoint "
                       f"'{model.checkpoint}'")
    yield 'fine-tune', (f'vitpose-mm finetune LABELS --size {model.size} '
                        f'--init {model.name}')
