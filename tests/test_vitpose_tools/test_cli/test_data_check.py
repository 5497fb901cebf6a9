# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from vitpose_tools.cli import main


def check(*args):
    return CliRunner().invoke(main, ['data', 'check', *map(str, args)])


@pytest.fixture
def one(tmp_path):
    """One image with one animal of one keypoint."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'ä b.png'), noise)
    coco = dict(
        images=[dict(id=1, file_name='ä b.png', width=80, height=60)],
        annotations=[dict(
            id=1, image_id=1, category_id=1, iscrowd=0, area=100,
            bbox=[20, 20, 20, 20], keypoints=[30, 30, 2], num_keypoints=1)],
        categories=[dict(id=1, name='beak', keypoints=['tip'])])

    def write(**values):
        coco['annotations'][0].update(values)
        (tmp_path / 'ann.json').write_text(json.dumps(coco))
        return tmp_path / 'ann.json'

    return write


def test_clean_file_ends_with_0(one, tmp_path):
    result = check(one(), '--images', tmp_path)
    assert result.exit_code == 0, result.output
    assert '0 errors, 0 warnings, 0 notes' in result.output


def test_error_ends_with_1_and_is_drawn(one, tmp_path):
    sheet = tmp_path / 'out' / 'sheet.png'
    result = check(one(iscrowd='0'), '--images', tmp_path, '--sheet', sheet)
    assert result.exit_code == 1, result.output
    assert 'error [iscrowd]' in result.output
    assert cv2.imread(str(sheet)).shape == (318, 272, 3)


def test_programs_get_all_of_a_fault(one, tmp_path):
    result = CliRunner(mix_stderr=False).invoke(main, [
        'data', 'check', str(one(num_keypoints=0)), '--images',
        str(tmp_path), '--json']) if 'mix_stderr' in \
        CliRunner.__init__.__code__.co_varnames else check(
            one(num_keypoints=0), '--images', tmp_path, '--json')
    told = json.loads(result.stdout)
    fault = next(each for each in told['faults']
                 if each['kind'] == 'num-keypoints-zero')
    assert result.exit_code == 1 and told['counts']['error'] >= 1
    assert fault['severity'] == 'error' and fault['count'] == 1
    assert fault['examples'][0]['annotation_id'] == 1
    assert fault['examples'][0]['file_name'] == 'ä b.png'


@pytest.mark.parametrize('args, message', [
    (('none.json', ), 'cannot read none.json'),
    (('ANN', '--dataset', 'cocoo'), "no metainfo of a dataset 'cocoo'"),
    (('ANN', '--dataset', 'no.py'), 'no metainfo file no.py'),
])
def test_what_cannot_start_is_one_sentence(one, tmp_path, args, message):
    args = [str(one()) if arg == 'ANN' else arg for arg in args]
    result = check(*args, '--images', tmp_path)
    assert result.exit_code == 1
    assert message in result.output and 'Traceback' not in result.output
