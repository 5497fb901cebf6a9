# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mmengine.config import Config
from mmpose.registry import MODELS

from vitpose_tools.cli import main

TINY = dict(embed_dim=24, depth=2, num_heads=2)


@pytest.fixture
def make(repo, tmp_path):
    """Write a config of the quickstart, changed, and random weights."""

    def make(name, change=lambda config: None, **backbone):
        path, = (repo / 'configs' / 'quickstart').glob(name)
        config = Config.fromfile(path)
        config.model.backbone.update(arch=TINY, **backbone)
        for head in config.model.get('heads', {0: config.model.get('head')}
                                     ).values():
            head.in_channels = TINY['embed_dim']
        change(config)
        # Not dump, which sorts the heads, and so renames the experts.
        (tmp_path / 'config.py').write_text('\n'.join(
            f'{key} = {value!r}' for key, value in config.to_dict().items()))
        model = MODELS.build(config.model)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'w.pth')
        return tmp_path / 'config.py', tmp_path / 'w.pth'

    return make


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / 'kätzchen 1.png'
    picture = np.random.default_rng(0).integers(0, 255, (80, 60, 3), np.uint8)
    cv2.imencode('.png', picture)[1].tofile(path)
    return path


JOINT, PLAIN = 'td-hm_ViTPose-plus-tiny*', 'td-hm_ViTPose-tiny*synth*'


def invoke(*args):
    return CliRunner().invoke(main, ['analyze', *map(str, args)],
                              catch_exceptions=False)


def check_pictures(out, *names):
    assert sorted(path.stem for path in out.glob('*.png')) == sorted(names)
    for path in out.glob('*.png'):
        picture = cv2.imread(str(path))
        assert min(picture.shape[:2]) > 250 and picture.std() > 10, path


def test_experts_are_compared_by_weights_alone(make, tmp_path):
    config, weights = make(JOINT)
    out = tmp_path / 'out'
    result = invoke('experts', config, weights, '--out', out, '--json')
    assert result.exit_code == 0, result.output
    numbers = json.loads(result.stdout)
    assert numbers == json.loads((out / 'experts.json').read_text())
    assert numbers['experts'] == ['coco', 'aic', 'mpii', 'ap10k',
                                  'coco_wholebody']
    state = torch.load(weights, weights_only=True)['state_dict']
    rows = [torch.cat([state[f'backbone.blocks.1.mlp.experts.{i}.{name}']
                       .flatten() for name in ('weight', 'bias')]).double()
            for i in (1, 4)]
    assert numbers['weights'][1]['similarity'][1][4] == pytest.approx(
        float(torch.cosine_similarity(*rows, dim=0)))
    assert numbers['outputs'] == []
    check_pictures(out, 'experts', 'experts_weights')


def test_experts_are_compared_by_outputs_on_images(make, photo, tmp_path):
    config, weights = make(JOINT)
    out = tmp_path / 'out'
    result = invoke('experts', config, weights, photo, '--dataset', 'aic',
                    '--out', out)
    assert result.exit_code == 0, result.output
    numbers = json.loads((out / 'experts.json').read_text())
    assert len(numbers['outputs']) == TINY['depth']
    np.testing.assert_allclose(
        np.diagonal([block['similarity'] for block in numbers['outputs']], 0,
                    1, 2), 1.)
    check_pictures(out, 'experts', 'experts_weights', 'experts_outputs')


def test_attention_over_a_box_is_drawn(make, photo, tmp_path):
    config, weights = make(
        PLAIN, attention=dict(window_size=(3, 4), shift=True, pooling=True))
    out = tmp_path / 'out'
    result = invoke('attention', config, weights, photo, '--box', -5, 10, 40,
                    60, '--block', 1, '--point', 20, 40, '--out', out)
    assert result.exit_code == 0, result.output
    numbers = json.loads((out / 'attention.json').read_text())
    assert np.shape(numbers['heads']) == (2, 16, 12)
    assert numbers['box'] == [-5, 10, 40, 60] and numbers['block'] == 1
    np.testing.assert_allclose(np.mean(numbers['heads'], (1, 2)), 1.)
    assert max(block['difference_from_module']
               for block in numbers['blocks']) < 1e-4
    check_pictures(out, 'attention', 'attention_by_block')


@pytest.fixture
def labelled_set(labelled):
    """Put drawn people into the test set of a config."""
    names = ['nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear'] + [
        f'{side}_{part}' for part in
        ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
        for side in ('left', 'right')]
    path = labelled('val', 5, names)

    def change(config):
        config.test_dataloader.update(num_workers=0,
                                      persistent_workers=False)
        config.test_dataloader.dataset.update(
            data_root='', ann_file=str(path),
            data_prefix=dict(img=str(path.parent / 'images')))
        config.test_evaluator = dict(type='CocoMetric', ann_file=str(path))

    return change


def test_errors_and_calibration_are_measured_on_the_test_set(
        make, labelled_set, tmp_path):
    config, weights = make(PLAIN, labelled_set)
    out = tmp_path / 'out'
    result = invoke('errors', config, weights, '--out', out, '--worst', 3)
    assert result.exit_code == 0, result.output
    assert 'expected calibration error against OKS' in result.stdout
    numbers = json.loads((out / 'errors.json').read_text())
    assert numbers['people'] == 5 and numbers['labelled'] == 85
    assert len(numbers['worst']) == 3
    pck = numbers['calibration']['pck']
    assert sum(part['count'] for part in pck['bins']) == 85
    assert pck['quality'] == pytest.approx(
        np.mean([row['pck'] for row in numbers['keypoints']]))
    check_pictures(out, 'errors', 'calibration', 'worst')


@pytest.mark.parametrize('args, said', [
    ('experts {c} {w}', 'has no experts: its backbone is a ViT'),
    ('experts {c} {w} --dataset coco', '--dataset says whose way images go'),
    ('attention {c} {w} {i} --block 2', 'has 2 blocks, 0 to 1'),
    ('attention {c} {w} {i} --box 60 0 9 9', 'which is 60 pixels wide and 80'),
    ('attention {c} {w} {i} --box 3 3 0 9', '--box 3 3 0 9 has no area'),
    ('attention {c} {w} {i} --box nan 3 4 9', '--box nan 3 4 9 has no area'),
    ('attention {c} {w} {i} --point 99 3', '--point 99 3 lies outside'),
    ('attention {c} {w} {i} --dataset aic', "tests 'coco' alone"),
    ('attention {c} {w} no.png', 'no.png does not exist'),
    ('attention {c} {w} {c}', 'cannot be read as an image'),
    ('attention {c} no.pth {i}', 'no.pth'),
    ('attention no.py {w} {i}', 'no.py was not read: FileNotFoundError'),
    ('errors {c}', 'give either a CHECKPOINT to test, or --results'),
    ('errors {c} {w} --results x', 'give either a CHECKPOINT to test, or'),
    ('errors {c} --results {w}', 'is not what `mim test --dump` writes'),
    ('errors {c} --results no.pkl', 'no.pkl: No such file'),
    ('errors {c} {w}', 'no_such.json')])
def test_misuse_ends_in_one_sentence(args, said, make, photo, tmp_path,
                                     monkeypatch):
    monkeypatch.chdir(tmp_path)

    def change(config):
        config.test_dataloader.dataset.ann_file = 'no_such.json'

    config, weights = make(PLAIN, change)
    photo = photo.rename(tmp_path / 'photo.png')
    result = invoke(*args.format(c=config, w=weights, i=photo).split())
    assert result.exit_code == 1, result.output
    error = result.stderr[result.stderr.index('Error: '):]
    assert said in error and error.count('\n') == 1
    assert not (tmp_path / 'analysis').exists()


@pytest.mark.parametrize('name, kind, command, said', [
    (JOINT, None, 'attention {i}', 'joins several datasets; choose one with '
     '--dataset: coco, aic, mpii, ap10k, coco_wholebody'),
    (JOINT, None, 'errors --dataset horse', "does not test 'horse'; choose"),
    (PLAIN, 'ViTAE', 'attention {i}', 'has a ViTAE, whose convolutions mix'),
    (PLAIN, 'ViTAE', 'experts', 'has no experts: its backbone is a ViTAE'),
    ('ae_ViTPose-tiny*crowd*', None, 'attention {i}', 'bottom-up model'),
    ('ae_ViTPose-tiny*crowd*', None, 'errors', 'bottom-up model'),
    ('ae_ViTPose-tiny*crowd*', None, 'experts', 'bottom-up model')])
def test_models_that_do_not_fit_are_named(name, kind, command, said, make,
                                          photo, tmp_path):
    config, weights = make(name, **(dict(type=kind) if kind else {}))
    photo = photo.rename(tmp_path / 'photo.png')
    first, *rest = command.format(i=photo).split()
    result = invoke(first, config, weights, *rest)
    assert result.exit_code == 1, result.output
    assert said in result.stderr[result.stderr.index('Error: '):]


def test_a_test_set_without_labels_is_refused(make, labelled_set, labelled,
                                              tmp_path):
    config, weights = make(PLAIN, labelled_set)
    path = tmp_path / 'val.json'
    content = json.loads(path.read_text())
    for annotation in content['annotations']:
        annotation['num_keypoints'] = 0
        annotation['keypoints'] = [0] * len(annotation['keypoints'])
    path.write_text(json.dumps(content))
    result = invoke('errors', config, weights, '--out', tmp_path / 'out')
    assert result.exit_code == 1, result.output
    assert 'holds nobody with annotated keypoints' in result.stderr
