# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from PIL import Image

from vitpose_tools.cli import main


def data_import(*args):
    return CliRunner().invoke(main, ['data', 'import', *map(str, args)])


@pytest.fixture
def source(tmp_path):
    lines = ['scorer,m,m,m,m', 'bodyparts,a,a,b,b', 'coords,x,y,x,y']
    for i in range(10):
        Image.new('L', (40, 30)).save(tmp_path / f'img{i}.png')
        lines.append(f'img{i}.png,10,12,3{i},22')
    path = tmp_path / 'CollectedData.csv'
    path.write_text('\n'.join(lines))
    return path


def test_people_are_told_what_was_done(source, tmp_path):
    out = tmp_path / 'out'
    result = data_import(source, out)

    assert result.exit_code == 0, result.output
    assert f'{out}/train.json: ' in result.output
    assert f'{out}/val.json: 2 images, 2 annotations' in result.output
    assert 'Split: 1 block of one video. Boxes: ' in result.output
    assert 'left out between training and validation' in result.output
    assert 'nothing to do' in data_import(source, out).output


def test_programs_are_told_the_same(source, tmp_path):
    result = data_import(source, tmp_path / 'out', '--json', '--split',
                         'frame', '--val', 0.3, '--boxes', 'image')
    told = json.loads(result.stdout)

    assert told['files'] == dict(train=dict(images=7, annotations=7),
                                 val=dict(images=3, annotations=3))
    assert told['boxes'] == {'the whole picture': 10}
    assert told['skipped'] == {} and told['written']
    assert json.loads((tmp_path / 'out' / 'import.json').read_text())[
        'summary']['files'] == told['files']


@pytest.mark.parametrize('name, text', [
    ('gone.csv', 'does not exist'), ('notes.txt', 'kinds that can be read'),
    ('empty', 'nothing that can be read')])
def test_what_cannot_be_read_is_one_sentence(tmp_path, name, text):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'notes.txt').write_text('x')
    result = data_import(tmp_path / name, tmp_path / 'out')

    assert result.exit_code == 1
    assert result.output.startswith('Error: ') and text in result.output
    assert result.output.count('\n') == 1


def test_help_waits_for_nothing():
    code = ('import sys; from vitpose_tools.cli import main\n'
            'main(["data", "import", "--help"], standalone_mode=False)\n'
            'print(sorted({"torch", "mmpose", "cv2", "pandas"} & '
            'set(sys.modules)))')
    told = subprocess.run([sys.executable, '-c', code], text=True,
                          capture_output=True, check=True, timeout=100).stdout

    assert 'vitpose-mm data import labels.slp' in told
    assert told.splitlines()[-1] == '[]'
