# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import subprocess
import sys

import pytest
import torch

# Prints by how many bytes a conversion raises the peak of the process's
# resident memory, mapped pages of files included.
SCRIPT = '''
import sys
from pathlib import Path
from vitpose_tools.checkpoint_tools.convert import convert


def memory(kind):
    status = Path('/proc/self/status').read_text()
    return 1024 * int(status.split(kind + ':')[1].split()[0])


source, target, layout, dataset = sys.argv[1:]
before = memory('VmRSS')
convert(Path(source), Path(target), layout, dataset or None)
print(memory('VmHWM') - before)
'''


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_large_file_converts_within_1_3_times_its_size(tmp_path,
                                                       official_weights):
    dense, joint = tmp_path / 'dense.pth', tmp_path / 'joint.pth'
    torch.save(official_weights(768, 9), dense)
    torch.save(official_weights(768, 9, part_features=192), joint)

    for source, target, layout, dataset in (
            (dense, 'ours.pth', 'vitpose_mm', ''),
            (dense, 'ours.safetensors', 'vitpose_mm', ''),
            (dense, 'hf', 'hf', ''),
            ('hf', 'back.pth', 'vitpose_mm', ''),
            ('hf', 'back.safetensors', 'official', ''),
            (joint, 'aic.pth', 'vitpose_mm', 'aic'),
            (joint, 'plus', 'hf', ''),
            ('plus', 'joint.pth', 'vitpose_mm', '')):
        source = tmp_path / source
        weights = source / 'model.safetensors' if source.is_dir() else source
        size = weights.stat().st_size
        result = subprocess.run(
            [sys.executable, '-c', SCRIPT, source, tmp_path / target, layout,
             dataset], capture_output=True, text=True, check=True, timeout=300)
        growth = int(result.stdout.split()[-1])
        print(f'{source.name} to {target}: {growth / size:.2f} x '
              f'{size / 1e6:.0f} MB')
        assert growth < 1.3 * size, (source, target)
