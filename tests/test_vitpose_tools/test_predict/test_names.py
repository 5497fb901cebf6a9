# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Keypoints that are asked for by name, from a file to the results."""
import csv
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner

from vitpose_mm.names import name_vectors
from vitpose_tools import Predictor
from vitpose_tools.cli.predict import command
from vitpose_tools.predict import PredictError
from .conftest import PLAIN

NAMED = 'td-hm_ViTPose-plus-named-tiny*'
DECODER = f'model = dict(head=dict(decoder={PLAIN}))\n'
BOXES = np.array([[100, 80, 300, 400], [20.5, 30.25, 90, 310]], np.float32)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (420, 320, 3), np.uint8)


@pytest.mark.parametrize('flip', [False, True])
def test_names_are_found_as_the_dataset_finds_them(trained, image, flip):
    config, weights = trained(NAMED, DECODER)
    whole = Predictor(config, weights, dataset='ap10k', flip=flip)(
        image, BOXES)
    some = Predictor(config, weights, dataset='ap10k', flip=flip,
                     names=['tail base', 'L front paw', 'belly'])(
        image, BOXES)
    assert some.skeleton.names == ('tail base', 'left front paw', 'belly')
    rows = [whole.skeleton.names.index(name)
            for name in ('Root of tail', 'L_F_Paw')]
    np.testing.assert_allclose(some.scores[:, :2], whole.scores[:, rows],
                               atol=1e-5)
    np.testing.assert_allclose(some.keypoints[:, :2],
                               whole.keypoints[:, rows], atol=1e-3)


def test_the_command_writes_what_was_asked_for(trained, tmp_path, real_data):
    config, weights = trained(NAMED, DECODER)
    out = tmp_path / 'out'
    done = CliRunner().invoke(command, [
        str(real_data / 'ap10k' / '000000037516.jpg'), '--config',
        str(config), '--checkpoint', str(weights), '--dataset', 'ap10k',
        '--names', 'left knee, nose', '--whole-image', '--format', 'csv',
        '--out', str(out)])
    assert done.exit_code == 0, done.output
    file, = out.glob('*.csv')
    with open(file) as rows:
        assert [row['keypoint'] for row in csv.DictReader(rows)] == [
            'left knee', 'nose']


@pytest.mark.parametrize('pattern, names, dataset, reason', [
    (NAMED, ['nose'], None, 'choose the dataset .* coco, aic'),
    (NAMED, ['left'], 'coco', "'left' names no part"),
    (NAMED, ['left kneecup'], 'coco', "part 'kneecup' .*like .*kneecap"),
    ('td-hm_ViTPose-plus-tiny*', ['nose'], 'coco', 'no NamedHeatmapHead'),
    ('td-hm_ViTPose-tiny*synth*', ['nose'], None, 'no NamedHeatmapHead')])
def test_what_cannot_be_asked_for_is_one_sentence(trained, pattern, names,
                                                  dataset, reason):
    with mock.patch.object(name_vectors, 'find_use', lambda: None):
        with pytest.raises(PredictError, match=reason):
            Predictor(*trained(pattern), names=names, dataset=dataset)
