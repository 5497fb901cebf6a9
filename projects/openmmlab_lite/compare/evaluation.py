# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The numbers of xtcocotools-lite beside those of the compiled xtcocotools.

In an environment with the compiled one, then in one with the other:

    python projects/openmmlab_lite/compare/evaluation.py record
    python projects/openmmlab_lite/compare/evaluation.py compare

Both take the same cases and keep the figures, and digests of all arrays,
which are the same if and only if each bit is.
"""
import argparse
import contextlib
import hashlib
import io
import json
import platform
import sys
import tempfile
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
from evaluation_cases import Case, cases, made_up
from xtcocotools import mask
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

RESULTS = Path(__file__).parent / 'results' / 'evaluation.json'
DATA = Path(__file__).resolve().parents[4] / 'shared' / 'data'
# xtcocotools 1.14.3, compiled today, looks for it in vain, so that decode,
# area, toBbox and segm fail: this is its value in NumPy's C headers.
np.NPY_OWNDATA = 4
PACKAGES = ('numpy', 'pycocotools', 'xtcocotools', 'xtcocotools-lite')


def digest(*parts: object) -> str:
    """Of arrays, and of what JSON can hold."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            part = np.ascontiguousarray(part)
            total.update(f'{part.dtype} {part.shape}'.encode())
            total.update(part.tobytes())
        else:
            total.update(json.dumps(part, sort_keys=True).encode())
    return total.hexdigest()


def figures(case: Case, folder: Path) -> dict:
    """What COCOeval makes of a case, by way of files."""
    files = folder / 'annotations.json', folder / 'results.json'
    contents = json.dumps(case.dataset), json.dumps(case.results)
    for file, content in zip(files, contents):
        file.write_text(content)
    annotations = COCO(str(files[0]))
    evaluator = COCOeval(annotations, annotations.loadRes(str(files[1])),
                         case.iou_type, case.sigmas, case.use_area)
    vars(evaluator.params).update(case.params)
    evaluator.evaluate()
    overlaps = [np.asarray(overlap, dtype=np.float64)
                for overlap in evaluator.ious.values() if len(overlap)]
    matches = [image[key] for image in evaluator.evalImgs if image
               for key in ('dtIds', 'gtIds', 'dtScores')]
    matches += [np.asarray(image[key], dtype=np.int64).tolist()
                for image in evaluator.evalImgs if image
                for key in ('dtMatches', 'gtMatches', 'gtIgnore',
                            'dtIgnore')]
    evaluator.accumulate()
    arrays = {key: digest(evaluator.eval[key])
              for key in ('precision', 'recall', 'scores')}
    stats, printed = [], io.StringIO()
    # The figures are those of the default params.
    if not case.params:
        with contextlib.redirect_stdout(printed):
            evaluator.summarize()
        stats = list(map(float, evaluator.stats))
    return dict(
        input=digest(*contents),
        stats=stats,
        printed=digest(printed.getvalue()),
        overlaps=digest(*overlaps),
        matches=digest(matches),
        **arrays)


def queries(folder: Path) -> dict:
    """What COCO answers to, and the functions on masks."""
    rng = np.random.default_rng(0)
    dataset = made_up(rng, 30)
    file = folder / 'annotations.json'
    file.write_text(json.dumps(dataset))
    coco, some = COCO(str(file)), COCO(str(file), test_index=[0, 3, 2])
    areas = sorted(annotation['area'] for annotation in dataset['annotations'])
    boxes = rng.uniform(1, 50, (9, 7)).round(1)
    boxes[:, 0], boxes[:, 6] = rng.integers(0, 30, 9), 1
    shapes = rng.random((40, 30, 6)) < .4
    masks = mask.encode(np.asfortranarray(shapes, dtype=np.uint8))
    polygons = mask.frPyObjects(
        [rng.uniform(0, 30, 8).tolist() for _ in range(5)], 40, 30)
    codes = [code['counts'].decode() for code in (
        *masks, *polygons, mask.merge(masks), mask.merge(masks, True))]
    return dict(
        stats=[],
        ids=digest([
            coco.getAnnIds(),
            coco.getAnnIds(imgIds=3),
            coco.getAnnIds(imgIds=[1, 2, 77], catIds=[1]),
            coco.getAnnIds(areaRng=[areas[5], areas[20]]),
            coco.getAnnIds(iscrowd=True),
            coco.getAnnIds(catIds=2, iscrowd=False),
            coco.getCatIds(),
            coco.getCatIds(catNms='person'),
            coco.getCatIds(supNms=['one'], catIds=2),
            sorted(coco.getImgIds()),
            sorted(coco.getImgIds(catIds=[1, 2])),
            sorted(coco.getImgIds(imgIds=[4, 5, 6], catIds=1)),
        ]),
        entries=digest(
            coco.loadAnns(3), coco.loadAnns([1, 5]), coco.loadCats(1),
            coco.loadImgs([2]), some.loadAnns([0, 1, 2]), COCO(None).dataset),
        results=digest(
            coco.loadRes(boxes).dataset['annotations'],
            coco.loadRes([]).dataset['annotations']),
        masks=digest(
            codes, mask.area(masks), mask.toBbox(masks),
            mask.decode(masks + polygons),
            mask.iou(masks, polygons, [0, 1, 0, 0, 1]),
            coco.annToMask(coco.loadAnns(0)[0])))


def measure(data: Path) -> dict:
    """Name of a case -> its figures."""
    taken = {}
    with tempfile.TemporaryDirectory() as name, \
            contextlib.redirect_stdout(io.StringIO()), \
            warnings.catch_warnings():
        # Results without scores of parts, which take the one score.
        warnings.simplefilter('ignore', UserWarning)
        taken['queries'] = queries(Path(name))
        for case in cases(data):
            taken[case.name] = figures(case, Path(name))
    return taken


def versions() -> dict:
    """Of Python and of what is installed of PACKAGES."""
    found = dict(python=platform.python_version())
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def differences(recorded: dict, taken: dict) -> list:
    """Lines that name what is not the same."""
    if list(recorded) != list(taken):
        return ['the cases are not those that were recorded']
    return [
        f'{name}: {key} is {taken[name][key]}, recorded was {value}'
        for name, values in recorded.items() for key, value in values.items()
        if taken[name][key] != value
    ]


def main() -> None:
    """Record, or compare; what differs is printed and makes it fail."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('action', choices=('record', 'compare'))
    parser.add_argument('--data', type=Path, default=DATA)
    arguments = parser.parse_args()
    name = 'xtcocotools' if arguments.action == 'record' else \
        'xtcocotools-lite'
    if name not in versions():
        parser.error(f'{arguments.action} needs {name}, which is not '
                     'installed')
    taken = measure(arguments.data)
    if arguments.action == 'record':
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(
            json.dumps(dict(versions=versions(), cases=taken), indent=1) +
            '\n')
        print(f'{len(taken)} cases recorded')
        return
    lines = differences(json.loads(RESULTS.read_text())['cases'], taken)
    print('\n'.join(lines))
    sys.exit(1) if lines else print(f'{len(taken)} cases, every bit the same')


if __name__ == '__main__':
    main()
