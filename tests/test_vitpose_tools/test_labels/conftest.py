# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Labels as tools write them, from numbers that the tests know."""
import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from vitpose_tools.labels import import_labels

OPTIONS = dict(split='auto', val=0.2, seed=0, boxes='auto', margin=0.1,
               copy=False, overwrite=False, category=None, images=None)


@contextmanager
def quiet(text, total):
    yield lambda: None


def draw(path: Path, size=(40, 30), shade=0) -> Path:
    """A picture of (w, h) pixels in one shade of grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', size, (shade, shade, shade)).save(path)
    return path


def by_name(coco: dict) -> dict:
    """Name of a picture to the keypoints (K, 3) of its instances."""
    names = {image['id']: image['file_name'] for image in coco['images']}
    found = {name: [] for name in names.values()}
    for one in coco['annotations']:
        found[names[one['image_id']]].append(
            np.array(one['keypoints'], float).reshape(-1, 3))
    return found


def read(out: Path, name: str) -> dict:
    return json.loads((out / f'{name}.json').read_text(encoding='utf-8'))


@pytest.fixture
def labels():
    """Tools of these tests."""
    def run(source, out, **options):
        return import_labels(Path(source), Path(out), progress=quiet,
                             **dict(OPTIONS, **options))

    return SimpleNamespace(run=run, draw=draw, by_name=by_name, read=read)
