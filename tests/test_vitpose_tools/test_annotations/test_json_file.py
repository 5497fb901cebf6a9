# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest

from vitpose_tools.annotations import AnnotationError, read_json, write_json


@pytest.mark.parametrize('text, message', [
    (None, 'cannot read .*raw.json: No such file'),
    ('{"images": [', 'raw.json was not read: it is not valid JSON .*line 1'),
    ('[1]', 'raw.json holds a list, not a dict'),
])
def test_faulty_files_are_named(tmp_path, text, message):
    if text is not None:
        (tmp_path / 'raw.json').write_text(text)
    with pytest.raises(AnnotationError, match=message):
        read_json(tmp_path / 'raw.json', dict)


def test_failed_write_leaves_all_files_as_they_were(tmp_path):
    """The second cannot be written: a file is where its folder should be."""
    first, second = tmp_path / 'a.json', tmp_path / 'file' / 'b.json'
    first.write_text('old')
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='not written.*b.json'):
        write_json({first: dict(new=1), second: {}})

    assert first.read_text() == 'old'
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'a.json', 'file']


def test_files_are_read_as_written(tmp_path):
    content = dict(file_name='熊猫/clip√/1.jpg')
    write_json({tmp_path / 'new' / 'a.json': content})

    assert read_json(tmp_path / 'new' / 'a.json', dict) == content
