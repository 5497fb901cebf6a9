# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How long `mim test` takes, from image files to AP."""
import json
import time
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Dict, List, Sequence

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import Dataset

from .measure import Timing, row, time_interleaved
from .recipes import KEYPOINTS, Arch, Size, load_recipe

# Like COCO's: images of 640x480 pixels, about 20 detections in each.
IMAGE = (480, 640)
BOXES = 20
# Crops that are loaded in one process to time that alone.
LOADED = 200
# Batches before the first timed run.
WARMUP = 3


def benchmark_evaluation(names: Sequence[str], arch: Arch,
                         size: Size, batch: int, crops: int,
                         dtypes: Dict[str, str], workers: int,
                         rounds: int) -> List[dict]:
    """Time MMEngine's test loop on a made-up COCO set, in turns.

    Contains the loader, the network with flip test, decoding and CocoMetric;
    not the construction of model and dataset. Runs where MMEngine's runner
    does: on a CUDA device if there is one. The loader's part, files to crops
    in one process, is timed by itself too.

    Args:
        names: 'vitpose_mm' or 'mmpose'.
        arch: Of ViT, a name or its numbers.
        size: (h, w) of the crops in pixels.
        batch: Crops per forward.
        crops: Boxes of the set, 20 in an image.
        dtypes: Name to 'float32', or to what autocast runs in; MMPose
            decodes no bfloat16.
        workers: Processes of the loader.
        rounds: Timed runs of each, after a few untimed batches.

    Returns:
        Two rows of results per implementation: work 'load' and 'eval'.
    """
    with TemporaryDirectory() as folder:
        count = write_coco(Path(folder), crops)
        runners = {}
        for name in names:
            config = test_config(name, arch, size, batch, Path(folder),
                                 dtypes[name], workers)
            runners[name] = Runner.from_cfg(config)
        seconds = {name: [] for name in names}
        for runner in runners.values():
            warm_up(runner)
        for _ in range(rounds):
            for name, runner in runners.items():
                start = time.perf_counter()
                # COCO's tools print.
                with redirect_stdout(StringIO()):
                    runner.test_loop.run()
                seconds[name].append(time.perf_counter() - start)
        few = min(count, LOADED)
        loading = time_interleaved({
            name: partial(load, runner.test_loop.dataloader.dataset, few)
            for name, runner in runners.items()
        }, rounds, warmup=1, device='cpu')
    return [
        row(dict(work='load', implementation=name, device='cpu', size=size,
                 crops=few), timing, few) for name, timing in loading.items()
    ] + [
        row(dict(
            work='eval', implementation=name, arch=arch, size=size,
            device=runners[name].model.data_preprocessor.device.type,
            batch=batch, dtype=dtypes[name], crops=count, workers=workers),
            Timing(tuple(seconds[name])), count) for name in names
    ]


@torch.no_grad()
def warm_up(runner: Runner) -> None:
    """Run a few batches."""
    # COCO's tools print.
    with redirect_stdout(StringIO()):
        loader = runner.test_loop.dataloader
    runner.call_hook('before_run')
    runner.model.eval()
    for _, batch in zip(range(WARMUP), loader):
        runner.model.test_step(batch)


def load(dataset: Dataset, crops: int) -> None:
    """Make the first crops of a dataset."""
    for index in range(crops):
        dataset[index]


def test_config(name: str, arch: Arch, size: Size, batch: int, folder: Path,
                dtype: str, workers: int) -> Config:
    """Config of a test: an implementation's leaf on the made-up set."""
    config = load_recipe(name, arch, size)
    if dtype != 'float32' and name == 'vitpose_mm':
        config.model.test_cfg.amp_dtype = dtype
        config.custom_hooks.append(dict(type='HalfWeightsHook'))
    elif dtype != 'float32':
        config.test_cfg = dict(fp16=True)
    config.test_dataloader.update(
        batch_size=batch,
        # Not persistent: a runner ends in the garbage collector, where workers
        # are no longer told to stop and are waited for in vain.
        num_workers=workers, persistent_workers=False)
    config.test_dataloader.dataset.update(
        data_root='', data_prefix=dict(img=str(folder)),
        ann_file=str(folder / 'annotations.json'),
        bbox_file=str(folder / 'detections.json'))
    config.test_evaluator.ann_file = str(folder / 'annotations.json')
    # A visualizer's name is the process's: the next runner of this name would
    # write into this one's folder, which is gone by then.
    own = f'{name}-{time.monotonic_ns()}'
    config.update(
        work_dir=str(folder / name), log_level='WARNING', experiment_name=own,
        visualizer=dict(type='Visualizer', name=own, vis_backends=[]))
    return config


def write_coco(folder: Path, crops: int) -> int:
    """Write images, annotations and detections of people that are not there.

    Args:
        folder: Where.
        crops: Detections at least, 20 per image.

    Returns:
        Number of detections.
    """
    rng = np.random.default_rng(0)
    images = [dict(id=i, file_name=f'{i}.jpg', height=IMAGE[0],
                   width=IMAGE[1]) for i in range(-(-crops // BOXES))]
    annotations, detections = [], []
    for image in images:
        # Large blobs with some grain take JPEG about as long as photographs.
        picture = cv2.resize(
            rng.integers(0, 256, (15, 20, 3), np.uint8), IMAGE[::-1],
            interpolation=cv2.INTER_CUBIC)
        picture = picture + 12. * rng.standard_normal(picture.shape)
        cv2.imwrite(str(folder / image['file_name']), picture.clip(0, 255))
        for _ in range(BOXES):
            box = [*rng.uniform(0, 300, 2), *rng.uniform((50, 100), 180)]
            points = rng.uniform(box[:2], np.add(box[:2], box[2:]),
                                 (KEYPOINTS, 2))
            labels = np.column_stack((points, np.full(KEYPOINTS, 2)))
            annotations.append(
                dict(
                    id=len(annotations) + 1, image_id=image['id'],
                    category_id=1, iscrowd=0, bbox=box, area=box[2] * box[3],
                    num_keypoints=KEYPOINTS,
                    keypoints=labels.round(1).ravel().tolist()))
            detections.append(
                dict(image_id=image['id'], category_id=1, bbox=box,
                     score=float(rng.uniform(0.1, 1))))
    categories = [dict(id=1, name='person', supercategory='person',
                       keypoints=[str(i) for i in range(KEYPOINTS)],
                       skeleton=[])]
    (folder / 'annotations.json').write_text(json.dumps(dict(
        images=images, annotations=annotations, categories=categories)))
    (folder / 'detections.json').write_text(json.dumps(detections))
    return len(detections)
