# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import os
import resource
import subprocess
import sys

import pytest

from vitpose_mm.fileio import (read_json, remove_partial, why_unreadable,
                               write_all_beside, write_beside)


def names(folder):
    return sorted(path.name for path in folder.rglob('*'))


def test_a_file_is_renamed_when_it_is_on_the_disk(tmp_path, monkeypatch):
    target = tmp_path / 'new' / 'a.json'
    steps = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, 'fsync', lambda file: steps.append('fsync') or fsync(file))
    monkeypatch.setattr(
        os, 'replace',
        lambda *paths: steps.append('rename') or replace(*paths))

    def write(path):
        assert path.suffix == '.json' and not target.exists()
        path.write_text('1')

    write_beside(target, write)
    assert target.read_text() == '1' and names(tmp_path) == ['a.json', 'new']
    assert steps == ['fsync', 'rename']


def test_a_folder_appears_whole(tmp_path):

    def write(path):
        path.mkdir()
        (path / 'config.json').write_text('{}')

    write_beside(tmp_path / 'model', write)
    assert names(tmp_path) == ['config.json', 'model']
    with pytest.raises(OSError, match="not written: .*not empty.*model'"):
        write_beside(tmp_path / 'model', write)
    assert names(tmp_path) == ['config.json', 'model']


@pytest.mark.parametrize('failure', [OSError('no reason'), KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    target = tmp_path / 'a.txt'
    target.write_text('old')

    def write(path):
        path.write_text('half')
        raise failure

    with pytest.raises((OSError, KeyboardInterrupt)):
        write_beside(target, write)
    assert target.read_text() == 'old' and names(tmp_path) == ['a.txt']


def test_a_folder_in_the_way_of_one_file_stops_all(tmp_path):
    first, second = tmp_path / 'a.txt', tmp_path / 'taken'
    first.write_text('old')
    second.mkdir()
    with pytest.raises(OSError) as error:
        write_all_beside({path: lambda part: part.write_text('new')
                          for path in (first, second)})
    assert error.value.filename == str(second)
    assert isinstance(error.value, IsADirectoryError)
    assert first.read_text() == 'old' and names(tmp_path) == [
        'a.txt', 'taken']


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_weights_on_a_full_disk_are_an_os_error(tmp_path, suffix):
    """The limit on the size of files stands for the disk."""
    script = ('import sys, pathlib, torch\n'
              'from vitpose_mm.checkpoints.write import write_weights\n'
              'from vitpose_mm.fileio import write_beside\n'
              'try:\n'
              '    write_beside(pathlib.Path(sys.argv[1]), lambda path:\n'
              '                 write_weights(path, dict(a=torch.ones(9999)),'
              ' {}, {}))\n'
              'except OSError as error:\n'
              '    print(error.filename)')
    target = tmp_path / f'a{suffix}'
    done = subprocess.run(
        [sys.executable, '-B', '-c', script, str(target)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (4096, 4096)),
        capture_output=True, text=True, timeout=300)
    assert done.stdout.strip().endswith(str(target)), done.stderr[-2000:]
    assert names(tmp_path) == []


def test_what_a_killed_process_left_is_removed_by_name(tmp_path):
    for name in ('.12.a.jpg', '.12.mine', 'a.jpg', '.hidden'):
        (tmp_path / name).touch()
    remove_partial(tmp_path, r'\w\.jpg')
    assert names(tmp_path) == ['.12.mine', '.hidden', 'a.jpg']


LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n'


@pytest.mark.parametrize('content, reason', [
    ('', 'it is empty'), (LFS, 'Git LFS pointer.*"git lfs pull"'),
    ('<!DOCTYPE html>', 'it is a web page'),
    ('{"images": [', 'not valid JSON.*incomplete'),
    ('[' * 100_000, 'not valid JSON')], ids=range(5))
def test_a_json_file_that_is_none_is_named(tmp_path, content, reason):
    path = tmp_path / 'people.json'
    path.write_text(content)
    with pytest.raises(ValueError, match=f'{path} was not read: .*{reason}'):
        read_json(path)


def test_what_has_content_of_its_own_has_no_excuse(tmp_path):
    (tmp_path / 'a').write_text('version of mine')
    for path in (tmp_path / 'a', tmp_path, tmp_path / 'absent', 's3://a/b',
                 'a' * 5000, 'a\0b'):
        assert why_unreadable(path) is None
