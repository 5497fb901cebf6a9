# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""People and animals in one image, found by one model, each with its own
skeleton: real images, learnt by heart.

Puts each of the four COCO images of MMPose's tests beside one of its two
AP-10K images, trains one model with two experts on the people and the animals
of these four pictures, and writes what each dataset's metric says and a sheet
of what it finds.

    python projects/query_pose/together.py --fixtures DIR
    python projects/query_pose/together.py --fixtures DIR --rehearse
"""
import json
from pathlib import Path
from typing import Dict, List

import click
import cv2
import numpy as np

CONFIG = Path(__file__).resolve().parents[2] / 'configs' / 'quickstart' / \
    'query_ViTPose-tiny_1xb4-200e_coco-overfit-384x384.py'
HEIGHT = 384
# Of the sheet: (w, h) of a picture, and how sure what it shows is.
TILE, SURE = (600, 208), 0.3
KINDS = dict(coco='CocoDataset', ap10k='AP10KDataset')


@click.command()
@click.option('--fixtures', type=click.Path(exists=True, path_type=Path),
              required=True, help='tests/data of MMPose.')
@click.option('--out', type=click.Path(path_type=Path),
              default=Path('work_dirs/query_pose/together'),
              show_default=True)
@click.option('--epochs', default=600, show_default=True)
@click.option('--seed', default=0, show_default=True)
@click.option('--rehearse', is_flag=True, help='One step.')
def main(fixtures: Path, out: Path, epochs: int, seed: int,
         rehearse: bool) -> None:
    """Measure."""
    from mmengine.runner import Runner
    out.mkdir(parents=True, exist_ok=True)
    paste(fixtures, out)
    config = make_config(out, 1 if rehearse else epochs, seed)
    if rehearse:
        config.param_scheduler = None
    runner = Runner.from_cfg(config)
    runner.train()
    scores = {name: round(float(value), 4)
              for name, value in runner.val().items()
              if name.rsplit('/')[-1] in ('AP', 'AP .5', 'AP .75', 'AR')}
    (out / 'result.json').write_text(
        json.dumps(dict(epochs=epochs, seed=seed, **scores)) + '\n')
    draw(runner.model, runner.val_loop.dataloader.dataset, out / 'sheet.jpg')
    click.echo(scores)


def paste(fixtures: Path, out: Path) -> None:
    """Write pictures of people beside animals, and a COCO file for each."""
    coco, ap10k = (json.loads((fixtures / file).read_text())
                   for file in ('coco/test_coco.json',
                                'ap10k/test_ap10k.json'))
    files: Dict[str, dict] = {
        name: dict(images=[], annotations=[],
                   categories=[dict(coco['categories'][0], name=name)])
        for name in KINDS
    }
    for index, left in enumerate(coco['images']):
        right = ap10k['images'][index % len(ap10k['images'])]
        parts, start = [], 0
        for name, content, image in (('coco', coco, left),
                                     ('ap10k', ap10k, right)):
            pixels = cv2.imread(str(fixtures / name / image['file_name']))
            scale = HEIGHT / pixels.shape[0]
            parts.append(cv2.resize(
                pixels, (round(pixels.shape[1] * scale), HEIGHT),
                interpolation=cv2.INTER_AREA))
            files[name]['annotations'] += [
                move(annotation, index, scale, start)
                for annotation in content['annotations']
                if annotation['image_id'] == image['id']
                and annotation['num_keypoints']
            ]
            start += parts[-1].shape[1]
        cv2.imwrite(str(out / f'{index}.png'), np.hstack(parts))
        for content in files.values():
            content['images'].append(dict(
                id=index, file_name=f'{index}.png', width=start,
                height=HEIGHT))
    for name, content in files.items():
        for number, annotation in enumerate(content['annotations'], 1):
            annotation['id'] = number
        (out / f'{name}.json').write_text(json.dumps(content))


def move(annotation: dict, image_id: int, scale: float, right: int) -> dict:
    """Scale an annotation and move it to the right by pixels."""
    keypoints = np.array(annotation['keypoints'], float).reshape(-1, 3)
    labelled = keypoints[:, 2] > 0
    keypoints[labelled, :2] = keypoints[labelled, :2] * scale + (right, 0)
    x, y, w, h = np.array(annotation['bbox']) * scale
    return dict(
        image_id=image_id, category_id=1, iscrowd=0,
        num_keypoints=int(labelled.sum()),
        area=annotation['area'] * scale**2,
        bbox=[x + right, y, w, h], keypoints=keypoints.ravel().tolist())


def make_config(out: Path, epochs: int, seed: int) -> object:
    """The overfit config with two experts and two skeletons."""
    from mmengine.config import Config
    config = Config.fromfile(CONFIG)
    config.work_dir = str(out / 'run')
    config.randomness = dict(seed=seed)
    config.model.type = 'MultiDatasetBottomupPoseEstimator'
    config.model.backbone.update(type='ViTMoE', num_experts=len(KINDS))
    config.model.head.num_keypoints = dict.fromkeys(KINDS, 17)
    config.train_cfg.update(max_epochs=epochs, val_interval=epochs + 1)
    config.param_scheduler[1].end = epochs
    config.default_hooks.checkpoint.save_best = None
    config.default_hooks.logger.interval = 1
    metrics: List[dict] = []
    for stage in ('train', 'val'):
        loader = config[f'{stage}_dataloader']
        own = loader.dataset
        pack = own.pipeline[-1]
        if stage == 'val':
            pack.meta_keys = (*pack.meta_keys, 'dataset_name')
        parts = [
            dict(own, type=kind, data_root=str(out), ann_file=f'{name}.json')
            for name, kind in KINDS.items()
        ]
        loader.batch_size = 8
        loader.dataset = dict(
            type='JointDataset', pipeline=[dict(type='ChooseLeaf')],
            datasets=parts)
    metrics = [dict(config.val_evaluator, ann_file=str(out / f'{name}.json'))
               for name in KINDS]
    config.val_evaluator = dict(
        type='JointEvaluator', datasets=parts, metrics=metrics)
    config.test_dataloader = config.test_cfg = config.test_evaluator = None
    return config


def draw(model: object, dataset: object, path: Path) -> None:
    """Draw on each picture the people and the animals that are found."""
    import torch
    from mmengine.dataset import pseudo_collate
    from mmpose.registry import VISUALIZERS

    from vitpose_tools.report.contact_sheet import (draw_people, find_part,
                                                    fit_image, to_tile)
    drawer = VISUALIZERS.build(
        dict(type='PoseVisualizer', name='sheet', radius=3, line_width=2))
    tiles: Dict[str, np.ndarray] = {}
    for index in range(len(dataset)):
        with torch.no_grad():
            found, = model.test_step(pseudo_collate([dataset[index]]))
        image = cv2.imread(found.img_path)
        warp = fit_image(image, TILE)
        tile = tiles.setdefault(found.img_path,
                                cv2.warpAffine(image, warp, TILE))
        sure = found.pred_instances.bbox_scores > SURE
        people = to_tile(found.pred_instances[sure], 'keypoint_scores', warp)
        if people is not None:
            tiles[found.img_path] = draw_people(
                drawer, tile, people, find_part(dataset, index).metainfo)
    drawn = list(tiles.values())
    cv2.imwrite(str(path), np.vstack([
        np.hstack(drawn[start:start + 2])
        for start in range(0, len(drawn), 2)]))


if __name__ == '__main__':
    main()
