# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Time of an image by the number of people in it: queries, associative
embedding, and a detector with a top-down model, all with ViT-S, in turns.

Weights are random; the times do not depend on them. Whole images are 512x512
pixels. Counted are: of queries all from the image on the device to people on
the host; of associative embedding the same, with maps of so many people in
place of its own, without flip test; of detector (RTMDet-tiny) and top-down
model the networks alone, without NMS, cropping and decoding, so less than
they take.

    python projects/query_pose/speed.py --device cuda
    python projects/query_pose/speed.py --rehearse
"""
import json
from pathlib import Path
from typing import Callable, Dict

import click
import mmdet
import torch
from mmdet.registry import MODELS as DETECTORS
from mmengine.config import Config
from mmengine.registry import DefaultScope, init_default_scope
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import nn

import vitpose_mm  # noqa: F401
from vitpose_tools.benchmark.grouping import maps
from vitpose_tools.benchmark.measure import environment, row, time_interleaved
from vitpose_tools.benchmark.recipes import import_mmpretrain

BODY = Path(__file__).resolve().parents[2] / 'configs' / 'body_2d_keypoint'
DETECTOR = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'rtmdet' / \
    'rtmdet_tiny_8xb32-300e_coco.py'
LEAVES = dict(
    query='query_pose/coco/query_ViTPose-small_8xb4-72e_coco-640x640.py',
    ae='associative_embedding/coco/'
    'ae_ViTPose-small_8xb24-300e_coco-512x512.py',
    topdown='topdown_heatmap/coco/'
    'td-hm_ViTPose-small_8xb64-210e_coco-256x192.py')
SIZE = 512


@click.command()
@click.option('--device', default='cpu', show_default=True)
@click.option('--people', default='1,5,20,30', show_default=True)
@click.option('--rounds', default=10, show_default=True)
@click.option('--out', type=click.Path(path_type=Path),
              default=Path('work_dirs/query_pose/speed.json'),
              show_default=True)
@click.option('--rehearse', is_flag=True, help='One round, few people.')
def main(device: str, people: str, rounds: int, out: Path,
         rehearse: bool) -> None:
    """Measure."""
    if rehearse:
        people, rounds = '1', 1
    init_default_scope('mmpose')
    models = {name: build(leaf, device) for name, leaf in LEAVES.items()}
    detector = build_detector(device)
    rows = []
    for count in map(int, people.split(',')):
        runs = make_runs(models, detector, count, device)
        taken = time_interleaved(runs, rounds, 0 if rehearse else 3, device)
        rows += [
            row(dict(work='image', implementation=name, device=device,
                     people=count), timing, 1, taken['query'])
            for name, timing in taken.items()
        ]
        for each in rows[-len(taken):]:
            click.echo(f'{count:3d} {each["implementation"]:8} '
                       f'{each["median_ms"]:9.2f} ms '
                       f'{each["time_ratio"]:6.2f}')
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(dict(environment=environment(), rows=rows),
                              indent=1) + '\n')


def build(leaf: str, device: str) -> nn.Module:
    """Build the model of a leaf, random."""
    config = Config.fromfile(BODY / leaf).model
    config.backbone.init_cfg = None
    return MODELS.build(config).to(device).eval()


def build_detector(device: str) -> nn.Module:
    """Build RTMDet-tiny, random."""
    import_mmpretrain()  # MMDetection's models import it
    config = Config.fromfile(DETECTOR).model
    config.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('mmdet'):
        return DETECTORS.build(config).to(device).eval()


def make_runs(models: Dict[str, nn.Module], detector: nn.Module, people: int,
              device: str) -> Dict[str, Callable[[], object]]:
    """Name -> what is timed, for an image with so many people."""
    image = torch.randn(1, 3, SIZE, SIZE, device=device)
    crops = torch.randn(people, 3, 256, 192, device=device)
    query, ae, topdown = (models[name] for name in LEAVES)
    sample = PoseDataSample(metainfo=dict(input_size=(SIZE, SIZE)))
    crowd = maps(ae.head.decoder, people, device)
    crowd = crowd[0], crowd[1][:, :crowd[1].shape[1] // 2]

    def find() -> None:
        query.head.predict(query.extract_feat(image), [sample], {})

    def group() -> None:
        ae(image, None, mode='tensor')
        ae.head.decoder.batch_decode(*crowd)

    def detect() -> None:
        detector(image, None, mode='tensor')
        topdown(crops, None, mode='tensor')

    runs = {'query': find, 'ae': group, 'detector + top-down': detect}
    return {name: torch.inference_mode()(run) for name, run in runs.items()}


if __name__ == '__main__':
    main()
