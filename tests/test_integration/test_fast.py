# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What is fast trains the same weights and finds the same people."""
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from vitpose_tools.benchmark.recipes import make_fast


def train(config: Config, folder) -> tuple:
    """Train two epochs on real people; returns weights and metrics."""
    config.merge_from_dict(
        dict(
            work_dir=str(folder),
            log_level='ERROR',
            randomness=dict(seed=0),
            # Adam divides by the smallest gradients and makes their rounding
            # visible.
            optim_wrapper=dict(
                optimizer=dict(_delete_=True, type='SGD', lr=0.1)),
            default_hooks=dict(checkpoint=dict(save_best=None)),
            train_cfg=dict(max_epochs=2, val_interval=2)))
    runner = Runner.from_cfg(config)
    runner.train()
    return runner.model.state_dict(), runner.val_loop.run()


@pytest.mark.filterwarnings('ignore')
def test_training_and_testing_give_the_same_numbers(repo, real_data, tmp_path,
                                                    monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))
    path = next((repo / 'configs' / 'quickstart').glob('*coco-overfit*'))
    results = []
    for name in ('stock', 'fast'):
        config = Config.fromfile(path)
        if name == 'fast':
            make_fast(config)
        results.append(train(config, tmp_path / name))
    (weights, metrics), (fast_weights, fast_metrics) = results
    for key in weights:
        torch.testing.assert_close(
            fast_weights[key], weights[key], atol=1e-5, rtol=1e-4)
    assert fast_metrics == pytest.approx(metrics, abs=1e-3)
