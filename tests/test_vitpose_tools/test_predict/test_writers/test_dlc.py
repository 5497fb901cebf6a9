# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pickle

import numpy as np
import pandas
import pytest

from vitpose_tools.labels.records import LabelsError
from vitpose_tools.labels.sources import read_source
from vitpose_tools.predict.writers import (WritersError, dlc, open_writers,
                                           spool)

SCORER = 'DLC_vitpose_mm'


def read(path):
    """As DeepLabCut reads it."""
    if path.suffix == '.h5':
        return pandas.read_hdf(path)
    rows = 4 if 'individuals' in path.read_text('utf-8')[:3000] else 3
    return pandas.read_csv(path, header=list(range(rows)), index_col=0)


@pytest.fixture
def write(make, skeleton, tmp_path):
    pytest.importorskip('tables')

    def write(frames, out='o'):
        with open_writers(tmp_path / out, ['dlc-csv', 'dlc-h5'],
                          skeleton) as writers:
            for frame, poses in frames:
                writers.write(frame, poses)
        return writers

    return write


def same(table, columns, poses, person, row):
    for k, name in enumerate(poses.skeleton.names):
        own = table.loc[row][(SCORER, *columns, name)]
        assert own.index.tolist() == ['x', 'y', 'likelihood']
        np.testing.assert_allclose(
            own.to_numpy(float), [*poses.keypoints[person, k],
                                  poses.scores[person, k]], atol=6e-5)


def test_one_animal_has_the_table_of_a_single_animal(make, write):
    frames = [make('ö x.mp4', index, ids=[3], people=1) for index in range(5)]
    del frames[2]
    writers = write(frames)
    assert [path.name for path in writers.files] == [
        'ö xDLC_vitpose_mm.csv', 'ö xDLC_vitpose_mm.h5']
    for path in writers.files:
        table = read(path)
        assert table.columns.names == ['scorer', 'bodyparts', 'coords']
        assert table.index.tolist() == [0, 1, 2, 3, 4]
        assert table.loc[2].isna().all()
        for frame, poses in frames:
            same(table, (), poses, 0, frame.index)
    assert not writers.notes


@pytest.mark.parametrize('part', [1, 2, 1024])
def test_animals_are_individuals_by_track(make, write, monkeypatch, part):
    monkeypatch.setattr(spool, 'PART', part)
    ids = [[7, 2], [2], [], [2, 11]]
    frames = [make('a.mp4', index, ids=one, people=len(one))
              for index, one in enumerate(ids)]
    for path in write(frames).files:
        table = read(path)
        assert table.columns.names == ['scorer', 'individuals', 'bodyparts',
                                       'coords']
        assert table.columns.get_level_values(1).unique().tolist() == [
            'individual2', 'individual7', 'individual11']
        for index, (_, poses) in enumerate(frames):
            for person, one in enumerate(ids[index]):
                same(table, (f'individual{one}', ), poses, person, index)
        seen = table.xs('likelihood', axis=1, level='coords').notna()
        assert seen.sum(axis=1).tolist() == [5, 3, 0, 5]


def test_videos_have_a_file_each_and_pictures_one(make, write):
    writers = write([
        make('x/a.mp4', 0, ids=[0, 1]), make('y/a.mp4', 0, ids=[0, 1]),
        make('ä long name.png', people=1), make('b.png', people=3),
        make('y/a.mp4', 1, ids=[0, 1])])
    names = [path.name for path in writers.files]
    assert names == [f'{stem}DLC_vitpose_mm.{suffix}' for stem in
                     ('a', 'y_a', 'images') for suffix in ('csv', 'h5')]
    for path in writers.files[-2:]:
        table = read(path)
        assert table.index.tolist() == ['ä long name.png', 'b.png']
        assert table.columns.get_level_values(1).unique().tolist() == [
            'individual1', 'individual2', 'individual3']


def test_people_who_are_not_followed_are_said_to_be_mixed(make, write):
    writers = write([make('a.mp4', index) for index in range(2)])
    note, = writers.notes
    assert 'a.mp4: people are not followed, so individual N' in note
    table = read(writers.files[0])
    assert table.columns.get_level_values(1).unique().tolist() == [
        'individual1', 'individual2']


def test_who_has_no_track_is_counted(make, write):
    writers = write([make('a.mp4', 0, ids=[-1, 4])])
    assert writers.notes == ['a.mp4: 1 people without a track id are not in '
                             'its DeepLabCut and SLEAP files']
    assert read(writers.files[0]).columns.nlevels == 3


def test_frames_out_of_order_are_refused(make, write):
    with pytest.raises(WritersError, match='a.mp4: frame 2 came after frame '
                       '2; frames are written in order'):
        write([make('a.mp4', index) for index in (0, 2, 2)])


def test_many_columns_fit_into_the_h5(make, write, monkeypatch):
    frames = [make('a.mp4', 0, ids=[0, 1])]
    usual = read(write(frames).files[1])
    monkeypatch.setattr(dlc, 'ATTRIBUTE', 10)
    wide = read(write(frames, 'wide').files[1])
    pandas.testing.assert_frame_equal(wide, usual, check_freq=False)
    # HDF5 itself has no room for the columns of 20 whole bodies.
    columns = dlc.header(SCORER, [f'individual{one}' for one in range(20)],
                         [f'name{k}' for k in range(133)], 'xyz')
    assert len(pickle.dumps(columns)) > 60000


def test_predictions_are_not_imported_as_labels(make, write):
    writers = write([make('a.mp4', 0, ids=[0, 1])])
    for path in writers.files:
        with pytest.raises(LabelsError, match='predictions|h5 file of labels'):
            read_source(path, None, None)
