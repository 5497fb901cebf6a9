# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import pickle
from contextlib import suppress

import numpy as np
import pytest

from vitpose_tools.labels import LabelsError

pd = pytest.importorskip('pandas')
h5py = pytest.importorskip('h5py')
pytest.importorskip('tables')

NAMES = ['labeled-data/clip/img1.png', 'labeled-data/clip/img2.png']


def frame(individuals=(), parts_of_path=1):
    """A data frame as DeepLabCut makes it, and its numbers (2, A, 2, 2)."""
    levels = [['me'], *([individuals] if individuals else []),
              ['nose', 'täil'], ['x', 'y']]
    columns = pd.MultiIndex.from_product(levels, names=[
        'scorer', *(['individuals'] if individuals else []), 'bodyparts',
        'coords'])
    values = np.arange(2. * len(columns)).reshape(2, -1) / 4 + 1
    values[0, 1] = np.nan
    index = pd.Index(NAMES) if parts_of_path == 1 else (
        pd.MultiIndex.from_tuples([tuple(name.split('/')) for name in NAMES]))
    return (pd.DataFrame(values, columns=columns, index=index),
            values.reshape(2, -1, 2, 2))


@pytest.mark.parametrize('individuals, parts_of_path, form', [
    ([], 1, 'fixed'), ([], 3, 'fixed'), (['a', 'b'], 3, 'fixed'),
    ([], 1, 'table'), (['a', 'b'], 1, 'table')])
def test_what_pandas_wrote_is_read(labels, tmp_path, individuals,
                                   parts_of_path, form):
    table, values = frame(individuals, parts_of_path)
    path = tmp_path / 'CollectedData_me.h5'
    table.to_hdf(path, key='df_with_missing', mode='w', format=form)
    for name in NAMES:
        labels.draw(tmp_path / name)
    labels.run(path, tmp_path / 'out', split='none')

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
        (individuals or [None]) * 2)


def test_numbers_of_another_type_are_kept(labels, tmp_path):
    table, _ = frame()
    table['me', 'nose', 'x'] = [3, 4]  # a block of whole numbers
    path = tmp_path / 'CollectedData_me.h5'
    table.to_hdf(path, key='df_with_missing', mode='w')
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
    table, _ = frame()
    path = tmp_path / 'CollectedData_me.h5'
    table.to_hdf(path, key='df_with_missing', mode='w', format='table')
    with h5py.File(path, 'a') as file:
        file['df_with_missing'].attrs['non_index_axes'] = np.bytes_(
            pickle.dumps(Evil(), 0))

    # The planted object works where it is let.
    with suppress(Exception):
        pd.read_hdf(path)
    assert (tmp_path / 'pwned').exists()
    (tmp_path / 'pwned').rmdir()
    with pytest.raises(LabelsError, match='mkdir is not allowed.*CSV'):
        labels.run(path, tmp_path / 'out')
    assert not (tmp_path / 'pwned').exists()


@pytest.mark.filterwarnings('ignore:')
def test_pickled_names_are_refused(labels, tmp_path):
    table, _ = frame()
    table.index = pd.Index(['labeled-data/a.png', 3], dtype=object)
    path = tmp_path / 'CollectedData_me.h5'
    table.to_hdf(path, key='df_with_missing', mode='w')

    with pytest.raises(LabelsError, match='not text'):
        labels.run(path, tmp_path / 'out')


@pytest.mark.parametrize('content', [b'', b'\x89HDF\r\n\x1a\n', b'text'])
def test_what_is_no_h5_file_is_said(labels, tmp_path, content):
    (tmp_path / 'CollectedData_me.h5').write_bytes(content)

    with pytest.raises(LabelsError, match='is not an h5 file'):
        labels.run(tmp_path / 'CollectedData_me.h5', tmp_path / 'out')
