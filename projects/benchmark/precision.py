# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What half precision and the fast parts cost in accuracy.

Tests one checkpoint with MMPose's estimator and codec in float32, then with
this project's in each precision, on the same crops.

    python projects/benchmark/precision.py CONFIG CHECKPOINT
"""
import copy
from pathlib import Path
from typing import Optional, Tuple

import click
import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmpose.registry import MODELS

import vitpose_mm  # noqa: F401
from vitpose_tools.benchmark import environment, write_result

RESULTS = Path(__file__).parent / 'results'


def test(config: Config, checkpoint: Path,
         device: str) -> Tuple[dict, np.ndarray]:
    """Metrics, and keypoints (crops, K, 2) in pixels of the crop."""
    model = MODELS.build(config.model).to(device).eval()
    load_checkpoint(model, str(checkpoint), map_location=device)
    loader = Runner.build_dataloader(config.test_dataloader)
    evaluator = Evaluator(config.test_evaluator)
    evaluator.dataset_meta = loader.dataset.metainfo
    keypoints = []
    for batch in loader:
        with torch.no_grad():
            samples = model.test_step(batch)
        evaluator.process(samples, batch)
        for sample in samples:
            scale = sample.metainfo['input_scale'] / sample.metainfo[
                'input_size']
            keypoints.append(sample.pred_instances.keypoints[0] / scale)
    return evaluator.evaluate(len(loader.dataset)), np.stack(keypoints)


def make_fast(config: Config, amp_dtype: Optional[str]) -> Config:
    """The same config with this project's estimator and codec."""
    config = copy.deepcopy(config)
    config.model.type = 'FastTopdownPoseEstimator'
    config.model.head.decoder.type = 'BatchUDPHeatmap'
    config.model.test_cfg = dict(
        config.model.test_cfg, amp_dtype=amp_dtype)
    return config


@click.command()
@click.argument('config', type=click.Path(exists=True, path_type=Path))
@click.argument('checkpoint', type=click.Path(exists=True, path_type=Path))
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results/precision_DEVICE.json]')
def main(config: Path, checkpoint: Path, out: Optional[Path]) -> None:
    """Compare metrics and keypoints of CHECKPOINT in each precision."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    out = out or RESULTS / f'precision_{device}.json'
    loaded = Config.fromfile(config)
    loaded.model.backbone.init_cfg = None
    init_default_scope('mmpose')
    metrics, expected = test(loaded, checkpoint, device)
    rows = [dict(implementation='mmpose', dtype='float32', metrics=metrics)]
    for dtype in (None, 'float16', 'bfloat16'):
        metrics, found = test(make_fast(loaded, dtype), checkpoint, device)
        distance = np.linalg.norm(found - expected, axis=-1)
        rows.append(
            dict(
                implementation='vitpose_mm', dtype=dtype or 'float32',
                metrics=metrics, crops=len(found),
                pixels=dict(
                    median=float(np.median(distance)),
                    p99=float(np.quantile(distance, 0.99)))))
    write_result(out, dict(environment=environment(), config=config.name,
                           rows=rows))
    for row in rows:
        click.echo(f"{row['implementation']:<12}{row['dtype']:<10}"
                   f"{row['metrics']} {row.get('pixels', '')}")


if __name__ == '__main__':
    main()
