# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from mmpose.registry import MODELS

from vitpose_tools.cli import main

TRAIN = dict(loss=1., epoch=1, step=1)


@pytest.mark.parametrize('people', ['0', 'many'])
def test_a_wrong_number_of_people_is_refused(people, tmp_path):
    result = CliRunner().invoke(
        main, ['report', str(tmp_path), '--people', people])
    assert result.exit_code == 2 and people in result.output


def test_a_folder_without_training_is_one_line(tmp_path):
    result = CliRunner().invoke(main, ['report', str(tmp_path / 'absent')])
    assert result.exit_code == 1
    assert 'absent holds no training' in result.output


def test_a_damaged_checkpoint_leaves_no_pictures(tmp_path, repo):
    logs = tmp_path / '20260101_000000' / 'vis_data'
    logs.mkdir(parents=True)
    (logs / 'scalars.json').write_text(
        json.dumps(dict(loss=1., epoch=1, step=1)) + '\n')
    config = 'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit-128x96.py'
    Config.fromfile(repo / 'configs' / 'quickstart' / config).dump(
        logs / 'config.py')
    (tmp_path / 'best_x.pth').write_bytes(b'PK\x03\x04')
    result = CliRunner().invoke(main, ['report', str(tmp_path)])
    assert result.exit_code == 1 and 'best_x.pth was not loaded' in \
        result.output
    assert not list(tmp_path.glob('*.png'))


def make_run(folder, config, *entries):
    """What a training of a config would leave, with random weights."""
    logs = folder / '20260101_000000' / 'vis_data'
    logs.mkdir(parents=True)
    (logs / 'scalars.json').write_text(
        ''.join(json.dumps(entry) + '\n' for entry in entries))
    config.model.backbone.init_cfg = None
    config.dump(logs / 'config.py')
    model = MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict()), folder / 'best_x.pth')


def quickstart(repo, name):
    path, = (repo / 'configs' / 'quickstart').glob(f'{name}*')
    return Config.fromfile(path)


def report(folder, *args):
    result = CliRunner().invoke(
        main, ['report', str(folder), '--json', *args],
        catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def data(real_data, monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))
    return real_data


def halves(folder, width):
    """Both columns of halves of a sheet with one column of pairs."""
    sheet = cv2.imread(str(folder / 'contact_sheet.png'))[24:]
    return sheet[:, :width], sheet[:, width:2 * width]


def test_a_joint_run_is_drawn_each_in_its_own_skeleton(repo, data, tmp_path):
    make_run(tmp_path, quickstart(repo, 'td-hm_ViTPose-plus-tiny'), TRAIN,
             {'coco/AP': .5, 'aic/AP': .25, 'step': 1})
    summary = report(tmp_path, '--people', '5')
    assert summary['notes'] == []
    assert summary['metrics'] == {'coco/AP': .5, 'aic/AP': .25}
    assert 'AP' not in summary and summary['metric'] == 'coco/AP'
    sheet = cv2.imread(summary['contact_sheet'])
    assert sheet.shape == (24 + 2 * 264, 4 * (384 + 8), 3)


def test_people_of_a_detection_file_are_drawn_as_annotated(
        repo, data, tmp_path):
    config = quickstart(repo, 'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit')
    config.test_dataloader.dataset.bbox_file = str(
        data / 'coco' / 'test_coco_det_AP_H_56.json')
    config.test_dataloader.dataset.test_mode = True
    make_run(tmp_path, config, TRAIN, {'coco/AP': .5, 'step': 1})
    summary = report(tmp_path, '--people', '1')
    assert summary['notes'] == ['people are drawn in their annotated boxes, '
                                "not in the detector's"]
    # The skeleton changes the crop of the ground truth.
    truth, guess = halves(tmp_path, 192)
    assert (np.abs(truth.astype(int) - guess) > 60).any(2).mean() > 0.01


def test_a_bottom_up_run_that_finds_nobody_is_drawn(repo, data, tmp_path):
    config = quickstart(repo, 'ae_ViTPose-tiny_1xb4-300e_coco-overfit')
    config.model.head.decoder.decode_keypoint_thr = 2.
    make_run(tmp_path, config, TRAIN)
    summary = report(tmp_path, '--people', '2')
    assert summary['notes'] == [] and summary['metric'] == ''
    sheet = cv2.imread(summary['contact_sheet'])
    assert sheet.shape == (24 + 296, 2 * (768 + 8), 3)
    # Red letters on the prediction.
    assert (sheet[24:56, 384:470] == (0, 0, 255)).all(2).any()
    assert not (sheet[24:56, :86] == (0, 0, 255)).all(2).any()


def test_a_run_by_iterations_without_images_says_what_is_not_drawn(
        repo, tmp_path, monkeypatch):
    monkeypatch.setenv('VITPOSE_DATA', str(tmp_path))
    config = quickstart(repo, 'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit')
    make_run(tmp_path, config, dict(loss=1., iter=50, step=50),
             {'coco/AP': .5, 'step': 50})
    result = CliRunner().invoke(main, ['report', str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert 'contact sheet not drawn: ' in result.stderr
    assert 'test_coco.json' in result.stderr
    assert result.stdout == (f'coco/AP 0.5; pictures: {tmp_path}/curve.png\n')
    assert not (tmp_path / 'contact_sheet.png').exists()


def test_a_run_without_weights_or_test_set_still_has_a_curve(repo, tmp_path):
    config = quickstart(repo, 'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit')
    make_run(tmp_path, config, TRAIN)
    (tmp_path / 'best_x.pth').unlink()
    note, = report(tmp_path)['notes']
    assert note.startswith('contact sheet not drawn: ') and \
        'holds no checkpoint' in note
    config.pop('test_dataloader')
    config.dump(tmp_path / '20260101_000000' / 'vis_data' / 'config.py')
    assert report(tmp_path)['notes'] == [
        'contact sheet not drawn: the config has no test set']
    assert (tmp_path / 'curve.png').exists()


def read_page(folder):
    """The page and the numbers of it."""
    return ((folder / 'page.html').read_text(encoding='utf-8'),
            json.loads((folder / 'page.json').read_text(encoding='utf-8')))


def test_a_page_has_the_errors_that_mmpose_makes(repo, data, tmp_path):
    config = quickstart(repo, 'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit')
    make_run(tmp_path, config, TRAIN)
    summary = report(tmp_path, '--page', '--people', '1')
    assert summary['page'] == str(tmp_path / 'page.html')
    page, numbers = read_page(tmp_path)

    model = init_model(config, str(tmp_path / 'best_x.pth'), 'cpu')
    distances = {}
    coco = json.loads((data / 'coco' / 'test_coco.json').read_text())
    images = {image['id']: image for image in coco['images']}
    for person in coco['annotations']:
        x, y, w, h = person['bbox']
        keypoints = np.array(person['keypoints'], float).reshape(-1, 3)
        if not person['num_keypoints'] or person['iscrowd']:
            continue
        image = images[person['image_id']]
        sample, = inference_topdown(
            model, str(data / 'coco' / image['file_name']),
            # Cut to the image, as MMPose's datasets do.
            [[x, y, min(x + w, image['width'] - 1),
              min(y + h, image['height'] - 1)]])
        found = np.hypot(*(sample.pred_instances.keypoints[0]
                           - keypoints[:, :2]).T)
        distances[person['id']] = found[keypoints[:, 2] > 0]
    every = np.concatenate(list(distances.values()))
    assert numbers['people'] == len(distances)
    assert numbers['labelled'] == len(every)
    assert numbers['error']['mean'] == pytest.approx(every.mean(), rel=.01)
    assert numbers['error']['median'] == pytest.approx(np.median(every),
                                                       rel=.02)
    assert 'coco/AP' in numbers['metrics']
    # Each is shown with its file, and its picture is inside.
    for person in numbers['worst']:
        assert person['error']['mean'] == pytest.approx(
            distances[person['annotation']].mean(), rel=.05)
        assert f'{person["file"]}, annotation {person["annotation"]}' in page
    assert page.count('src="data:image/jpeg') == sum(
        len(numbers[key]) for key in ('worst', 'disagreements', 'unlabelled'))


@pytest.mark.parametrize('name, reason', [
    ('td-hm_ViTPose-plus-tiny', 'the test set joins several'),
    ('ae_ViTPose-tiny_1xb4-300e_coco-overfit', 'is of whole images')])
def test_a_page_that_cannot_be_is_a_failure_with_its_reason(
        repo, data, tmp_path, name, reason):
    make_run(tmp_path, quickstart(repo, name), TRAIN)
    result = CliRunner().invoke(
        main, ['report', str(tmp_path), '--page', '--people', '1'])
    assert result.exit_code == 1
    assert 'page not drawn: a page is of' in result.stderr
    assert reason in result.stderr
    assert 'contact_sheet.png' in result.stdout
    assert not (tmp_path / 'page.html').exists()


def test_a_page_is_printed_as_a_table(repo, data, tmp_path):
    config = quickstart(repo, 'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit')
    make_run(tmp_path, config, TRAIN)
    result = CliRunner().invoke(
        main, ['report', str(tmp_path), '--page', '--people', '1'],
        catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert lines[0].startswith('keypoint') and lines[1].startswith('nose')
    assert lines[18].startswith('all') and lines[19].startswith('AP ')
    assert lines[-1].endswith('page.html')
