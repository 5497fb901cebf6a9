# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pandas
import pytest

from vitpose_tools.predict.writers import open_writers, table


def fill(make, skeleton, out, formats):
    frames = [make('ä.mp4', index, ids=[4, 2, 9][:people], people=people)
              for index, people in enumerate((2, 0, 3))]
    frames.append(make('b.jpg'))
    with open_writers(out, formats, skeleton) as writers:
        for frame, poses in frames:
            writers.write(frame, poses)
    return writers, pandas.concat([
        poses.to_dataframe() for _, poses in frames if len(poses)],
        ignore_index=True)


def test_a_csv_holds_what_data_frames_do(make, skeleton, tmp_path):
    writers, truth = fill(make, skeleton, tmp_path / 'o', ['csv'])
    path, = writers.files
    found = pandas.read_csv(path)
    assert found.columns.tolist() == truth.columns.tolist()
    assert len(found) == 3 * 7
    for name in found:
        if truth[name].dtype.kind == 'f':
            np.testing.assert_allclose(found[name], truth[name], atol=6e-5)
        else:
            assert found[name].isna().equals(truth[name].isna())
            known = truth[name].notna()
            assert (found[name][known] == truth[name][known]).all()


@pytest.mark.parametrize('group', [1, 1 << 16])
def test_parquet_holds_the_same_numbers(make, skeleton, tmp_path, group,
                                        monkeypatch):
    parquet = pytest.importorskip('pyarrow.parquet')
    monkeypatch.setattr(table, 'GROUP', group)
    writers, truth = fill(make, skeleton, tmp_path / 'o', ['parquet'])
    path, = writers.files
    file = parquet.ParquetFile(path)
    # A row group for each frame with people, or for all.
    assert file.num_row_groups == (3 if group == 1 else 1)
    found = file.read()
    assert found.column_names == truth.columns.tolist()
    for name in found.column_names:
        values = found[name].to_pylist()
        for value, true in zip(values, truth[name], strict=True):
            if true is pandas.NA:
                assert value is None
            else:
                assert value == true or (value != value and true != true)


def test_files_of_nobody_can_be_read(make, skeleton, tmp_path):
    parquet = pytest.importorskip('pyarrow.parquet')
    with open_writers(tmp_path / 'o', ['csv', 'parquet'], skeleton) as writers:
        writers.write(*make('a.mp4', 0, people=0))
    csv, arrow = writers.files
    assert len(pandas.read_csv(csv)) == 0
    assert parquet.read_table(arrow).num_rows == 0
