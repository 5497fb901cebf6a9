# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import errno
import os
from pathlib import Path

import pytest
import torch
from mmengine.runner import save_checkpoint

from vitpose_mm import fileio
from vitpose_mm.checkpoints.read import read_checkpoint


@pytest.fixture
def run(make_runner, build, student_config):
    """Trains for four epochs; returns the folder."""

    def train(max_keep_ckpts: int) -> None:
        make_runner(
            build(student_config()), [], epochs=4,
            default_hooks=dict(checkpoint=dict(
                type='WholeCheckpointHook', interval=1,
                max_keep_ckpts=max_keep_ckpts))).train()

    return train


def test_the_only_checkpoint_stays_where_the_disk_is_full(
        run, tmp_path, monkeypatch):
    write = Path.write_bytes

    def write_bytes(path: Path, content: bytes) -> int:
        if 'epoch_3' in path.name:
            write(path, content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, content)

    monkeypatch.setattr(Path, 'write_bytes', write_bytes)
    with pytest.raises(OSError, match='No space left.*epoch_3.pth'):
        run(max_keep_ckpts=1)
    files = sorted(tmp_path.glob('work_dir/*epoch_*'))
    assert [path.name for path in files] == ['epoch_2.pth']
    assert read_checkpoint(files[0])['meta']['epoch'] == 2
    last = tmp_path / 'work_dir' / 'last_checkpoint'
    assert last.read_text() == str(files[0])


def test_as_many_checkpoints_stay_as_are_asked_for(run, tmp_path):
    run(max_keep_ckpts=2)
    assert sorted(path.name for path in tmp_path.glob('work_dir/*.pth')) == [
        'epoch_3.pth', 'epoch_4.pth']


def test_a_file_of_mmengine_is_old_or_new_and_never_half(
        tmp_path, monkeypatch):
    path = tmp_path / 'weights.pth'
    save_checkpoint(dict(a=torch.ones(3)), str(path))
    before = path.read_bytes()

    def stop(partial: Path) -> None:
        assert partial.stat().st_size  # written, not yet renamed
        raise KeyboardInterrupt

    monkeypatch.setattr(fileio, 'flush', stop)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(dict(a=torch.zeros(3)), str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
