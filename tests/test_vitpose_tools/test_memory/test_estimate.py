# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.utils import digit_version
from torch import nn

from vitpose_tools.memory import estimate_memory
from vitpose_tools.memory.estimate import kept, state_per_weight

# What a process holds more after a forward than before, per crop.
MEASURE = '''
import ctypes, sys, torch
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from mmpose.utils import register_all_modules
register_all_modules()
torch.set_num_threads(1)
model = build_pose_estimator(Config.fromfile(sys.argv[1]).model).train()

def resident():
    ctypes.CDLL(None).malloc_trim(0)  # what was freed
    pages = int(open('/proc/self/statm').read().split()[1])
    return pages * 4096

def forward(number):
    x = torch.zeros(number, 3, 256, 192)
    before = resident()
    y = model.head(model.extract_feat(x)).square().mean()
    after = resident()
    return after - before, y

forward(2)
kept = [forward(4), forward(12)]
print((kept[1][0] - kept[0][0]) / 8)
'''


@pytest.fixture
def config(repo):
    path, = (repo / 'configs').rglob(
        'td-hm_ViTPose-small_8xb64-210e_coco-256x192.py')
    return path


def test_weights_and_states_are_those_of_the_sizes(config):
    found = estimate_memory(config, gpus=4, batch=64)
    weights = 24.29e6  # of the README, counted elsewhere
    assert found.gradients == pytest.approx(4 * weights, rel=1e-3)
    assert found.optimizer == 2 * found.gradients == 2 * found.buckets
    assert found.weights > found.gradients  # with the buffers
    assert found.casts < 1e4 and found.average == 0
    assert found.total == pytest.approx(
        found.weights + 4 * found.gradients + found.casts
        + 64 * (found.crop + found.targets))
    assert found.targets == 4 * (3 * 256 * 192 + 2 * 17 * 64 * 48)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_a_crop_takes_what_a_process_grows_by(config):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', MEASURE, str(config)],
        capture_output=True, text=True, check=True, timeout=600)
    found = estimate_memory(config)
    assert found.crop == pytest.approx(float(done.stdout.split()[-1]), rel=.1)


def test_recomputed_blocks_keep_their_inputs_alone(config):
    plain, with_cp = (estimate_memory(config, with_cp=flag)
                      for flag in (False, True))
    # 192 patches of 384 numbers enter each of 12 blocks; the head and the
    # patches keep what they did.
    blocks = 12 * 192 * 384 * 4
    assert blocks < with_cp.crop < blocks + 0.25 * plain.crop
    assert with_cp.total < plain.total


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.2'),
    reason='torch 2.1 keeps more of a sigmoid and a square')
def test_what_a_layer_keeps_is_counted_by_hand():
    class Toy(nn.Module):

        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Sequential(nn.Conv2d(8, 5, 1), nn.Sigmoid())
            self.conv = nn.Conv2d(3, 8, 1)

        def extract_feat(self, x):
            return self.conv(x).tanh()

    bytes_kept, values = kept(Toy(), 2, (6, 4), None)
    # Inputs of both convolutions (the second is the output of tanh), the
    # output of the sigmoid, and what square() was given: the same tensor.
    assert bytes_kept == 4 * 2 * 24 * (3 + 8 + 5)
    assert values == 5 * 24


@pytest.mark.parametrize('optimizer, expected', [
    (dict(type='SGD', lr=.1), 0), (dict(type='SGD', lr=.1, momentum=.9), 4),
    (dict(type='AdamW', lr=.1), 8)])
def test_optimisers_keep_what_they_are_known_to(optimizer, expected):
    assert state_per_weight(optimizer) == expected


def test_a_config_without_a_model_is_named(tmp_path):
    path = tmp_path / 'empty.py'
    Config(dict(a=1)).dump(path)
    with pytest.raises(ValueError, match='empty.py has no model'):
        estimate_memory(path)
