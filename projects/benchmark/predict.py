# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# flake8: noqa: E402
"""`vitpose-mm predict` beside MMPose's MMPoseInferencer, on a video.

The video is made up of real photographs: ten people walk over a picture of
1280x720 pixels. Both get the same boxes, the same weights (random ones, with
which a network takes as long as with trained ones), and take turns. The
decoder has a bilinear step in its place of deconvolutions only with
--decoder simple.

    python projects/benchmark/predict.py --data DIR
    python projects/benchmark/predict.py --data DIR --frames 20 \
        --dtype float32 --dtype bfloat16 --no-flip
"""
import contextlib
import io
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Tuple

# PyTorch imports a package of the name of a file beside this one.
sys.path.pop(0)

import click
import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.apis import MMPoseInferencer
from mmpose.registry import DATASETS, MODELS
from mmpose.structures import PoseDataSample

import vitpose_mm  # registers the models
from vitpose_tools import Predictor
from vitpose_tools.benchmark import Timing, environment, row, write_result

ROOT = Path(__file__).parents[2]
SIZE, PEOPLE = (1280, 720), 10
CELL, PERSON = (256, 360), (150, 300)  # (w, h) of a place and of a person


class Detector:
    """In the place of the inferencer's detector: boxes that are known.

    Args:
        boxes: x1, y1, x2, y2 of each frame, shape (T, N, 4).
    """

    def __init__(self, boxes: np.ndarray) -> None:
        self.boxes, self.index = boxes, 0

    def __call__(self, image: np.ndarray, return_datasamples: bool) -> dict:
        xyxy = torch.from_numpy(self.boxes[self.index])
        self.index += 1
        sample = PoseDataSample()
        sample.pred_instances = InstanceData(
            # It sorts people by score.
            bboxes=xyxy, scores=torch.linspace(1., .9, len(xyxy)),
            labels=torch.zeros(len(xyxy), dtype=torch.int64))
        return dict(predictions=[sample])


def make_video(data: Path, path: Path, frames: int) -> np.ndarray:
    """Write the video.

    Args:
        data: Folder with COCO's test_coco.json and its images.
        path: Of the video.
        frames: T.

    Returns:
        Boxes of the people, x1, y1, x2, y2, shape (T, 10, 4), float32.
    """
    content = json.loads((data / 'coco' / 'test_coco.json').read_text())
    names = {image['id']: image['file_name'] for image in content['images']}
    people = []
    for person in sorted(content['annotations'],
                         key=lambda one: -one['bbox'][3])[:PEOPLE]:
        x, y, w, h = (max(int(value), 1) for value in person['bbox'])
        picture = cv2.imread(str(data / 'coco' / names[person['image_id']]))
        people.append(cv2.resize(picture[y:y + h, x:x + w], PERSON))
    people = (people * PEOPLE)[:PEOPLE]
    ground = cv2.resize(picture, SIZE)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.,
                             SIZE)
    boxes = np.empty((frames, PEOPLE, 4), np.float32)
    for index in range(frames):
        frame = ground.copy()
        for number, person in enumerate(people):
            across, down = number % 5, number // 5
            step = 20 * np.sin(index / 9 + number)
            x = int(across * CELL[0] + (CELL[0] - PERSON[0]) / 2 + step)
            y = down * CELL[1] + (CELL[1] - PERSON[1]) // 2
            frame[y:y + PERSON[1], x:x + PERSON[0]] = person
            boxes[index, number] = x, y, x + PERSON[0], y + PERSON[1]
        writer.write(frame)
    writer.release()
    return boxes


def make_model(folder: Path, arch: str, flip: bool) -> Tuple[str, str]:
    """Write a config and random weights.

    Returns:
        Both paths.
    """
    base, = ROOT.glob('configs/body_2d_keypoint/topdown_heatmap/coco/'
                      f'td-hm_ViTPose-{arch}_8xb64-210e_coco-256x192.py')
    path, weights = folder / f'config_{flip}.py', folder / 'weights.pth'
    path.write_text(f'_base_ = [{str(base)!r}]\n'
                    f'model = dict(test_cfg=dict(flip_test={flip}))\n')
    config = Config.fromfile(path).model
    config.backbone.init_cfg = None
    torch.manual_seed(0)
    model = MODELS.build(dict(config, _scope_='mmpose'))
    meta = DATASETS.build(dict(type='mmpose.CocoDataset',
                               lazy_init=True)).metainfo
    torch.save(dict(state_dict=model.state_dict(),
                    meta=dict(dataset_meta=meta)), weights)
    return str(path), str(weights)


def run_stock(inferencer: MMPoseInferencer, video: Path,
              boxes: np.ndarray) -> List[np.ndarray]:
    inferencer.inferencer.detector = Detector(boxes)
    inferencer.inferencer.det_cat_ids = (0, )
    return [np.array([person['keypoints'] for person in
                      result['predictions'][0]])
            for result in inferencer(str(video))]


def run_ours(predictor: Predictor, video: Path,
             boxes: np.ndarray) -> List[np.ndarray]:
    return [poses.keypoints for poses in predictor.stream(video, list(boxes))]


def measure(candidates: Dict[str, object], rounds: int) -> tuple:
    """Wall and processor seconds of each round, and the last results."""
    wall = {name: [] for name in candidates}
    cpu, found = {name: [] for name in candidates}, {}
    for _ in range(rounds):
        for name, candidate in candidates.items():
            start = time.perf_counter(), time.process_time()
            found[name] = candidate()
            wall[name].append(time.perf_counter() - start[0])
            cpu[name].append(time.process_time() - start[1])
    return wall, cpu, found


@click.command()
@click.option('--data', type=click.Path(path_type=Path, exists=True),
              required=True, help='Folder with coco/test_coco.json.')
@click.option('--arch', default='small', show_default=True)
@click.option('--frames', default=300, show_default=True)
@click.option('--rounds', default=3, show_default=True)
@click.option('--dtype', 'dtypes', multiple=True,
              default=['float32', 'bfloat16'], show_default=True)
@click.option('--flip/--no-flip', default=False)
@click.option('--device', default='cpu', show_default=True)
@click.option('--threads', default=1, show_default=True)
@click.option('--out', type=click.Path(path_type=Path))
def main(data: Path, arch: str, frames: int, rounds: int, dtypes: tuple,
         flip: bool, device: str, threads: int, out: Path) -> None:
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        video = folder / 'video.avi'
        boxes = make_video(data, video, frames)
        config, weights = make_model(folder, arch, flip)
        with contextlib.redirect_stdout(io.StringIO()):
            stock = MMPoseInferencer(
                pose2d=config, pose2d_weights=weights,
                det_model='whole_image', device=device)
            ours = {dtype: Predictor(config, weights, device=device,
                                     dtype=dtype) for dtype in dtypes}
        candidates = {'mmpose': lambda: run_stock(stock, video, boxes)}
        for dtype, predictor in ours.items():
            candidates[f'vitpose_mm {dtype}'] = \
                lambda predictor=predictor: run_ours(predictor, video, boxes)
        wall, cpu, found = measure(candidates, rounds)
    crops = frames * PEOPLE
    rows = []
    for name in candidates:
        apart = np.linalg.norm(
            np.array(found[name]) - np.array(found['mmpose']), axis=-1)
        facts = dict(work=f'predict, flip {"on" if flip else "off"}',
                     implementation=name, arch=arch, device=device,
                     frames=frames, people=PEOPLE, threads=threads,
                     shift_median_px=float(np.median(apart)),
                     shift_p99_px=float(np.percentile(apart, 99)),
                     cpu_seconds=cpu[name],
                     cpu_ratio=float(np.median(cpu['mmpose'])
                                     / np.median(cpu[name])),
                     faster=float(np.median(wall['mmpose'])
                                  / np.median(wall[name])))
        rows.append(row(facts, Timing(tuple(wall[name])), crops,
                        Timing(tuple(wall['mmpose']))))
        click.echo(
            f'{name:24} {np.median(wall[name]):8.2f} s, {facts["faster"]:.2f}'
            f'x; CPU time {np.median(cpu[name]):8.2f} s, '
            f'{facts["cpu_ratio"]:.2f}x; keypoints differ by '
            f'{facts["shift_median_px"]:.4f} px (median), '
            f'{facts["shift_p99_px"]:.4f} (99 of 100)')
    if out:
        write_result(out, dict(environment=environment(), rows=rows))


if __name__ == '__main__':
    main()
