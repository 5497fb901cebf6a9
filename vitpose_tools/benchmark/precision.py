# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What half precision and the fast parts cost in accuracy."""
import copy
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import List, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, load_checkpoint

from .measure import Timing, row
from .recipes import build_model, make_fast


def benchmark_precision(path: Path, checkpoint: str,
                        device: str) -> List[dict]:
    """Test a checkpoint with MMPose's estimator and codec in float32, then
    with this project's in each precision, on the same crops.

    Args:
        path: Config of a top-down model and its test.
        checkpoint: Its weights, as MMEngine's loader takes them.

    Returns:
        A row each, with ``metrics`` and the distance of the keypoints from
        those of the first row in ``pixels`` of the crop. Each is timed once,
        not in turns: compare no times.
    """
    config = Config.fromfile(path)
    config.model.backbone.init_cfg = None
    rows, expected = [], None
    for name, dtype in (('mmpose', None), ('vitpose_mm', None),
                        ('vitpose_mm', 'float16'), ('vitpose_mm', 'bfloat16')):
        tested = copy.deepcopy(config)
        if name == 'vitpose_mm':
            make_fast(tested)
            tested.model.test_cfg = dict(
                tested.model.get('test_cfg', {}), amp_dtype=dtype)
        start = time.perf_counter()
        metrics, keypoints = test(tested, checkpoint, device)
        taken = Timing((time.perf_counter() - start, ))
        expected = keypoints if expected is None else expected
        distance = np.linalg.norm(keypoints - expected, axis=-1)
        facts = dict(
            work='test', implementation=name, device=device,
            config=path.name, dtype=dtype or 'float32', crops=len(keypoints),
            metrics=metrics,
            pixels=dict(median=float(np.median(distance)),
                        p99=float(np.quantile(distance, 0.99))))
        rows.append(row(facts, taken, len(keypoints)))
    return rows


def test(config: Config, checkpoint: str,
         device: str) -> Tuple[dict, np.ndarray]:
    """Metrics, and keypoints (crops, K, 2) in pixels of the crop."""
    model = build_model(config).to(device).eval()
    load_checkpoint(model, checkpoint, map_location=device,
                    logger='silent')
    # COCO's tools print.
    with redirect_stdout(StringIO()):
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
        metrics = evaluator.evaluate(len(loader.dataset))
    return metrics, np.stack(keypoints)
