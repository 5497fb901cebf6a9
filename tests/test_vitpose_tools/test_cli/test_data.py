# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import pytest
from click.testing import CliRunner
from PIL import Image

from vitpose_tools.cli import main


def data(*args):
    return CliRunner().invoke(main, ['data', *map(str, args)])


@pytest.fixture
def apt36k(tmp_path):
    """A raw file of one species, ten videos of one frame."""
    images = [dict(id=i, file_name=f'x\\dog\\clip{i}\\1.jpg', video_id=i,
                   width=9, height=9) for i in range(10)]
    annotations = [dict(id=i, image_id=i, category_id=1, is_crowd=0,
                        bbox=[0, 0, 5, 5], keypoints=[1, 1, 2] * 17)
                   for i in range(10)]
    raw = tmp_path / 'raw.json'
    raw.write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=1, name='dog')])))
    return raw


def test_apt36k_writes_three_splits(apt36k, tmp_path):
    result = data('apt36k', apt36k, tmp_path / 'out', '--ratio', 5, 3, 2)

    assert result.exit_code == 0, result.output
    assert '10 is_crowd renamed iscrowd' in result.output
    for name, number in dict(train=5, val=3, test=2).items():
        path = tmp_path / 'out' / f'apt36k_{name}.json'
        assert len(json.loads(path.read_text())['images']) == number
        assert f'{path}: {number} images, {number} annotations' in \
            result.output


def test_apt36k_tells_programs_the_counts(apt36k, tmp_path):
    told = json.loads(data('apt36k', apt36k, tmp_path, '--json').output)

    assert told['files'][str(tmp_path / 'apt36k_train.json')] == dict(
        images=7, annotations=7)
    assert told['repairs']['file names cut to species/clip/frame'] == 10


def test_aic_writes_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr('vitpose_tools.progress.LINE_EVERY', 0)
    Image.new('RGB', (30, 20)).save(tmp_path / 'a.jpg')
    records = [dict(image_id=name, keypoint_annotations={},
                    human_annotations={}) for name in 'ab']
    raw, out = tmp_path / 'raw.json', tmp_path / 'out' / 'aic_train.json'
    raw.write_text(json.dumps(records))
    result = data('aic', raw, out, '--images', tmp_path)

    assert result.exit_code == 0, result.output
    assert '1 images missing or unreadable' in result.output
    assert 'Reading sizes of images: 2 of 2' in result.output
    assert json.loads(out.read_text())['images'] == [
        dict(id=1, file_name='a.jpg', width=30, height=20)]


@pytest.mark.parametrize('args', [
    ('apt36k', 'RAW', 'OUT'),
    ('aic', 'RAW', 'OUT/aic.json', '--images', 'OUT'),
])
def test_faulty_file_ends_in_one_message(tmp_path, args):
    (tmp_path / 'RAW').write_text('[{"image_id"')
    args = [arg.replace('RAW', f'{tmp_path}/RAW').replace(
        'OUT', f'{tmp_path}/OUT') for arg in args]
    result = data(*args)

    assert result.exit_code == 1
    assert result.output.startswith('Error: ') and 'RAW ' in \
        result.output
    assert result.output.count('\n') == 1
    assert not (tmp_path / 'OUT').exists()
