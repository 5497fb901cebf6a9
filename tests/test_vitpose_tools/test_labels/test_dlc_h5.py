# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from vitpose_tools.labels import LabelsError

h5py = pytest.importorskip('h5py')

NAMES = ['labeled-data/clip/img1.png', 'labeled-data/clip/img2.png']


def pandas_wrote(name: str, path: Path) -> Path:
    """A file of pandas 3.1.1 with PyTables 3.11.1,
    ``frame.to_hdf(path, key='df_with_missing', mode='w', format=form)``:

    FORM_ANIMALS_CELLS has the columns scorer, individuals a and b if there
    are two animals, bodyparts nose and täil, coords; the values
    ``numpy.arange(n) / 4 + 1`` row by row, the second of the first row NaN;
    and the index NAMES, in one or three cells.
    """
    packed = Path(__file__).with_name('pandas_h5') / f'{name}.h5.gz'
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


@pytest.mark.parametrize('name', [
    'fixed_1_1', 'fixed_1_3', 'fixed_2_1', 'fixed_2_3', 'table_1_1',
    'table_2_1'])
def test_what_pandas_wrote_is_read(labels, tmp_path, name):
    path = pandas_wrote(name, tmp_path / 'CollectedData_me.h5')
    for picture in NAMES:
        labels.draw(tmp_path / picture)
    labels.run(path, tmp_path / 'out', split='none')

    animals = int(name.split('_')[1])
    values = np.arange(2. * animals * 4) / 4 + 1
    values[1] = np.nan
    values = values.reshape(2, animals, 2, 2)
    coco = labels.read(tmp_path / 'out', 'train')
    assert coco['categories'][0]['keypoints'] == ['nose', 'täil']
    found = labels.by_name(coco)
    for i, name in enumerate(('img1.png', 'img2.png')):
        assert len(found[name]) == len(values[i])
        for keypoints, expected in zip(found[name], values[i]):
            seen = np.isfinite(expected).all(1)
            assert np.array_equal(keypoints[:, 2], 2 * seen)
            assert np.array_equal(keypoints[seen, :2], expected[seen])
    assert [one.get('individual') for one in coco['annotations']] == (
        ([None] if animals == 1 else ['a', 'b']) * 2)


def test_numbers_of_another_type_are_kept(labels, tmp_path):
    """As fixed_1_1, but x of the nose is a block of whole numbers, 3 and 4.
    """
    path = pandas_wrote('whole_numbers', tmp_path / 'CollectedData_me.h5')
    for name in NAMES:
        labels.draw(tmp_path / name)
    labels.run(path, tmp_path / 'out', split='none')

    found = labels.by_name(labels.read(tmp_path / 'out', 'train'))
    assert found['img2.png'][0].tolist() == [[4, 2.25, 2], [2.5, 2.75, 2]]


class Evil:

    def __reduce__(self):
        return os.mkdir, ('pwned',)


def test_a_file_that_would_run_something_is_refused(
        labels, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = pandas_wrote('table_1_1', tmp_path / 'CollectedData_me.h5')
    planted = np.bytes_(pickle.dumps(Evil(), 0))
    with h5py.File(path, 'a') as file:
        file['df_with_missing'].attrs['non_index_axes'] = planted

    pickle.loads(planted)  # it works where it is let
    (tmp_path / 'pwned').rmdir()
    with pytest.raises(LabelsError, match='mkdir is not allowed.*CSV'):
        labels.run(path, tmp_path / 'out')
    assert not (tmp_path / 'pwned').exists()


def test_pickled_names_are_refused(labels, tmp_path):
    path = pandas_wrote('pickled_names', tmp_path / 'CollectedData_me.h5')

    with pytest.raises(LabelsError, match='not text'):
        labels.run(path, tmp_path / 'out')


@pytest.mark.parametrize('content', [b'', b'\x89HDF\r\n\x1a\n', b'text'])
def test_what_is_no_h5_file_is_said(labels, tmp_path, content):
    (tmp_path / 'CollectedData_me.h5').write_bytes(content)

    with pytest.raises(LabelsError, match='is not an h5 file'):
        labels.run(tmp_path / 'CollectedData_me.h5', tmp_path / 'out')


def test_a_table_without_content_does_not_fill_the_memory(labels, tmp_path):
    path = pandas_wrote('fixed_1_1', tmp_path / 'CollectedData_me.h5')
    with h5py.File(path, 'a') as file:
        group = file['df_with_missing']
        del group['block0_values']
        group.create_dataset('block0_values', (10**9, 10**3), 'f8', chunks=(
            1000, 1000))
    assert path.stat().st_size < 10**6
    with pytest.raises(LabelsError, match='would take 8,000,000,000,000'):
        labels.run(path, tmp_path / 'out')
