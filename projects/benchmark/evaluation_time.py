# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# flake8: noqa: E402
"""How long COCO's evaluation takes: xtcocotools-lite beside others.

A set of the size of COCO val2017, made up: 5,000 images with 11,000 people,
100,000 detections. Implementations that are installed take turns in one
process, with the same dicts; xtcocotools-lite comes from this repository.

    python projects/benchmark/evaluation_time.py
    python projects/benchmark/evaluation_time.py --keypoints 133 --images 500
"""
import contextlib
import importlib
import io
import json
import sys
import tempfile
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Callable, Dict, Optional

# PyTorch imports a package of the name of the file beside this one.
sys.path.pop(0)

import click
import numpy as np

from vitpose_tools.benchmark import environment, time_interleaved, write_result

LITE = Path(__file__).parents[1] / 'openmmlab_lite' / 'xtcocotools'
RESULTS = Path(__file__).parent / 'results'
DETECTIONS = 20  # per image
PEOPLE = 2.2  # per image, on 54 images of 100
UNLABELLED = .42  # part of the people without keypoints


def made_up(images: int, count: int) -> tuple:
    """Annotations and results.

    One detection in eight is near a person, the others are somewhere.

    Args:
        images: How many.
        count: Keypoints of a person.
    """
    rng = np.random.default_rng(0)
    annotations, results = [], []
    for image in range(images):
        people = rng.poisson(PEOPLE / .54) if rng.random() < .54 else 0
        height = np.exp(rng.uniform(np.log(20), np.log(400), people))
        corners = rng.uniform(0, 400, (people + DETECTIONS, 1, 2))
        places = corners[:people] + height[:, None, None] * rng.random(
            (people, count, 2)) * (.5, 1)
        visible = rng.integers(0, 3, (people, count))
        visible[rng.random(people) < UNLABELLED] = 0
        points = np.dstack([places, visible]) * (visible > 0)[..., None]
        for keypoints, size, corner in zip(points.round(), height,
                                           corners[:, 0]):
            annotations.append(dict(
                id=len(annotations) + 1,
                image_id=image,
                category_id=1,
                bbox=[*corner.round(2).tolist(), size / 2, size],
                area=size * size / 4,
                iscrowd=int(rng.random() < .02),
                num_keypoints=int((keypoints[:, 2] > 0).sum()),
                keypoints=keypoints.ravel().tolist()))
        found = corners[people:] + 150 * rng.random((DETECTIONS, count, 2))
        near = rng.random(DETECTIONS) < (people > 0) * .25
        owners = rng.integers(0, max(people, 1), near.sum())
        found[near] = places[owners] + rng.normal(
            0, .04, (near.sum(), count, 2)) * height[owners, None, None]
        scores = rng.random((DETECTIONS, count, 1))
        for keypoints in np.dstack([found, scores]).round(3):
            results.append(dict(
                image_id=image,
                category_id=1,
                score=float(rng.random()),
                keypoints=keypoints.ravel().tolist()))
    return dict(
        images=[dict(id=image, width=640, height=640)
                for image in range(images)],
        categories=[dict(id=1, name='person')],
        annotations=annotations), results


def implementations() -> Dict[str, tuple]:
    """Name -> classes COCO and COCOeval, of xtcocotools-lite and of what is
    installed."""
    found = {'xtcocotools-lite': classes(LITE)}
    with contextlib.suppress(metadata.PackageNotFoundError):
        folder = metadata.distribution('xtcocotools').locate_file('')
        found['xtcocotools'] = classes(Path(folder))
    with contextlib.suppress(ImportError):
        import hotcoco
        found['hotcoco'] = hotcoco.COCO, hotcoco.COCOeval
    return found


def classes(folder: Path) -> tuple:
    """COCO and COCOeval of the package xtcocotools in a folder."""
    for module in list(sys.modules):
        if module.split('.')[0] == 'xtcocotools':
            del sys.modules[module]
    sys.path.insert(0, str(folder))
    try:
        coco = importlib.import_module('xtcocotools.coco')
        cocoeval = importlib.import_module('xtcocotools.cocoeval')
    finally:
        sys.path.pop(0)
    return coco.COCO, cocoeval.COCOeval


def evaluate(coco: object, evaluator: Callable, results: list,
             sigmas: Optional[np.ndarray], stats: dict, name: str) -> None:
    """All that follows once the results are there; leaves ten figures."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = coco.loadRes(results)
        if sigmas is None:
            evaluation = evaluator(coco, found, 'keypoints')
        else:
            evaluation = evaluator(coco, found, 'keypoints', sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats[name] = np.array(evaluation.stats).tolist()


@click.command()
@click.option('--images', default=5000, show_default=True)
@click.option('--keypoints', default=17, show_default=True)
@click.option('--rounds', default=5, show_default=True)
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results/evaluation_time_KEYPOINTS.json]')
def main(images: int, keypoints: int, rounds: int,
         out: Optional[Path]) -> None:
    """Time, print a table, write JSON."""
    out = out or RESULTS / f'evaluation_time_{keypoints}.json'
    annotations, results = made_up(images, keypoints)
    sigmas = None if keypoints == 17 else np.full(keypoints, .06)
    runs, stats = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'annotations.json')
        file.write_text(json.dumps(annotations))
        for name, (coco, evaluator) in implementations().items():
            # hotcoco takes no sigmas there.
            if sigmas is None or name.startswith('xtcocotools'):
                with contextlib.redirect_stdout(io.StringIO()):
                    truth = coco(str(file))
                runs[name] = partial(evaluate, truth, evaluator, results,
                                     sigmas, stats, name)
    taken = time_interleaved(runs, rounds, 0, 'cpu')
    lite = taken['xtcocotools-lite']
    figures = {
        name: dict(
            seconds=timing.seconds,
            median=timing.median,
            spread=timing.spread,
            of_lite=float(np.median(np.divide(timing.seconds, lite.seconds))),
            stats=stats[name])
        for name, timing in taken.items()
    }
    for name, figure in figures.items():
        same = stats[name] == stats['xtcocotools-lite']
        click.echo(f'{name:18s} {figure["median"]:7.2f} s  spread '
                   f'{figure["spread"]:5.2f}  {figure["of_lite"]:6.2f}x of '
                   f'xtcocotools-lite  figures {"" if same else "not "}'
                   'the same')
    write_result(
        out,
        dict(
            environment=environment(),
            images=images,
            annotations=len(annotations['annotations']),
            detections=len(results),
            keypoints=keypoints,
            rounds=rounds,
            figures=figures))


if __name__ == '__main__':
    main()
