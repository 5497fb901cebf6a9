# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import signal
import subprocess
import sys

import pandas
import pytest

from vitpose_tools.predict.writers import (FORMATS, WritersError, coco,
                                           open_writers)

ALL = {'coco': 2, 'csv': 1, 'parquet': 1, 'dlc-csv': 1, 'dlc-h5': 1, 'slp': 1,
       'images': 0, 'video': 1}


@pytest.fixture
def packages():
    for package in ('av', 'pyarrow', 'sleap_io', 'tables'):
        pytest.importorskip(package)


def check(out, frames):
    """All files hold ``frames`` frames of two people, and nothing else is
    there."""
    import av
    import sleap_io
    from pyarrow import parquet
    assert len(list(out.iterdir())) == sum(ALL.values())
    assert len(json.loads((out / 'predictions.json').read_text())) == \
        2 * frames
    assert len(json.loads((out / 'images.json').read_text())['images']) == \
        frames
    rows = 2 * 3 * frames
    assert len(pandas.read_csv(out / 'predictions.csv')) == rows
    assert parquet.read_table(out / 'predictions.parquet').num_rows == rows
    assert len(pandas.read_hdf(out / 'aDLC_vitpose_mm.h5')) == frames
    assert len(pandas.read_csv(out / 'aDLC_vitpose_mm.csv',
                               header=[0, 1, 2, 3])) == frames
    labels = sleap_io.load_slp(str(out / 'a.predictions.slp'),
                               open_videos=False)
    assert len(labels) == frames
    with av.open(str(out / 'a.mp4')) as file:
        assert sum(1 for _ in file.decode(video=0)) == frames


@pytest.mark.parametrize('error', [None, KeyboardInterrupt, RuntimeError])
def test_files_are_complete_however_the_run_ends(make, skeleton, tmp_path,
                                                 packages, error):
    out = tmp_path / 'o'

    def run():
        with open_writers(out, list(ALL), skeleton) as writers:
            for index in range(12):
                writers.write(*make('a.mp4', index, ids=[0, 1]))
            # Nothing is half there before.
            assert [path.name[0] for path in out.iterdir()] == ['.']
            if error is not None:
                raise error('stop')
        return writers

    if error is None:
        assert sorted(run().files) == sorted(out.iterdir())
    else:
        with pytest.raises(error):
            run()
    check(out, 12)


def test_ctrl_c_leaves_complete_files(tmp_path, packages):
    out = tmp_path / 'o'
    code = f'''
import numpy as np
from pathlib import Path
from vitpose_tools.predict.frame import Frame
from vitpose_tools.predict.poses import Poses, Skeleton
from vitpose_tools.predict.writers import open_writers
skeleton = Skeleton('x', ('a', 'b', 'c'))
with open_writers(Path({str(out)!r}), {list(ALL)!r}, skeleton) as writers:
    index = 0
    while True:
        frame = Frame(np.zeros((48, 64, 3), np.uint8), 'a.mp4', index, 25.)
        writers.write(frame, Poses(
            skeleton, np.full((2, 3, 2), 9.), np.ones((2, 3)),
            np.full((2, 4), 5.), np.ones(2), np.arange(2), 'a.mp4', index))
        index += 1
        if index == 20:
            print('ready', flush=True)
'''
    # What starts the tests may ignore Ctrl-C, which is handed on.
    process = subprocess.Popen(
        [sys.executable, '-c', code], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        assert process.stdout.readline() == 'ready\n'
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=300)
    finally:
        process.kill()
    assert 'KeyboardInterrupt' in error
    found = json.loads((out / 'images.json').read_text())['images']
    assert len(found) >= 20
    # The frame that was interrupted may be in some files and not in others.
    for name in ('predictions.csv', 'aDLC_vitpose_mm.csv'):
        assert len(pandas.read_csv(out / name)) > 20
    assert abs(len(pandas.read_hdf(out / 'aDLC_vitpose_mm.h5')) - len(found)
               ) <= 1
    assert len(list(out.iterdir())) == sum(ALL.values())


def test_a_format_that_fails_leaves_the_others(make, skeleton, tmp_path,
                                               monkeypatch):
    out = tmp_path / 'o'

    def full(self, text):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(coco.Stream, 'close', full)
    with pytest.raises(OSError, match='No space left'):
        with open_writers(out, ['coco', 'csv'], skeleton) as writers:
            writers.write(*make('a.jpg'))
    assert [path.name for path in out.iterdir()] == ['predictions.csv']
    assert len(pandas.read_csv(out / 'predictions.csv')) == 6
    assert [path.name for path in writers.files] == ['predictions.csv']


def test_a_folder_with_files_is_refused(skeleton, tmp_path):
    (tmp_path / 'a.jpg').touch()
    with pytest.raises(WritersError, match='is not an empty folder; choose'):
        open_writers(tmp_path, ['images'], skeleton)
    with pytest.raises(WritersError, match='a.jpg is not an empty folder'):
        open_writers(tmp_path / 'a.jpg', ['images'], skeleton)
    assert [path.name for path in tmp_path.iterdir()] == ['a.jpg']


def test_formats_are_known_and_explained(skeleton, tmp_path):
    assert FORMATS.keys() == ALL.keys()
    with pytest.raises(WritersError, match="'xml' is no format that can be "
                       'written; choose of coco, csv'):
        open_writers(tmp_path / 'o', ['csv', 'xml'], skeleton)
    assert not (tmp_path / 'o').exists()


@pytest.mark.parametrize('name, module, package', [
    ('parquet', 'pyarrow', 'pyarrow'), ('dlc-h5', 'tables', 'tables'),
    ('slp', 'sleap_io', 'sleap-io'), ('video', 'av', 'av')])
def test_a_missing_package_is_named_before_the_first_frame(
        skeleton, tmp_path, monkeypatch, name, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(WritersError, match=rf'by {package}, which is missing '
                       r'.*pip install "vitpose_mm\[predict\]"'):
        open_writers(tmp_path / 'o', ['csv', name], skeleton)
    assert not list((tmp_path / 'o').iterdir())
