# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Each row of the table against what others say and what is in the clone."""
import re
from pathlib import Path

import mmpose
import pytest
import torch
import yaml
from mmengine.config import Config
from mmpose.models import build_pose_estimator

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.checkpoints.address import parse_address
from vitpose_mm.checkpoints.expert_datasets import EXPERT_DATASETS
from vitpose_mm.checkpoints.hub import parse_place
from vitpose_mm.checkpoints.layouts import LAYOUTS
from vitpose_tools.models import all_models, config_file, find_model

EMBED_DIMS = dict(small=384, base=768, large=1024, huge=1280)


@pytest.fixture(scope='module')
def published(repo) -> dict:
    """Config and dataset to metrics, of the metafiles of this project."""
    found = {}
    for path in (repo / 'configs').rglob('*.yml'):
        for model in yaml.safe_load(path.read_text())['Models']:
            for each in model['Results']:
                dataset = re.sub('[^a-z0-9]', '', each['Dataset'].lower())
                found[model['Name'], dataset] = {
                    key.replace(' (published)', ''): value
                    for key, value in each['Metrics'].items()}
    return found


@pytest.fixture(scope='module')
def of_mmpose() -> dict:
    """Address to AP, of MMPose's own metafile."""
    path = Path(mmpose.__path__[0], '.mim', 'configs', 'body_2d_keypoint',
                'topdown_heatmap', 'coco', 'vitpose_coco.yml')
    return {model['Weights']: model['Results'][0]['Metrics']['AP']
            for model in yaml.safe_load(path.read_text())['Models']
            if 'Weights' in model}


def test_names_differ():
    names = [model.name for model in all_models()]
    assert len(set(names)) == len(names) > 40
    assert all(re.fullmatch(r'[a-z0-9-]+(/[a-z0-9]+)?', name)
               for name in names)


@pytest.mark.parametrize('model', all_models(), ids=lambda model: model.name)
def test_a_row_fits_its_config(model):
    config = Config.fromfile(config_file(model)).model
    config.backbone.init_cfg = None
    with torch.device('meta'):
        network = build_pose_estimator(config)

    assert model.layout in LAYOUTS
    assert network.backbone.embed_dim == EMBED_DIMS[model.size]
    address = parse_address(model.checkpoint)
    if address.url.startswith('hf://'):
        place = parse_place(address.url)
        assert place.file is None or place.file.endswith('.pth')
        assert (model.layout == 'hf') == (place.file is None)
    else:
        assert address.url.startswith('https://')
    if model.dataset is None:
        assert model.name.startswith('mae-') and not model.published
        return
    keypoints = EXPERT_DATASETS[model.dataset]
    assert network.head.final_layer.out_channels == keypoints
    dataset = Config.fromfile(config_file(model)).dataset_type
    assert dataset.lower().removesuffix('dataset').removeprefix('coco') in (
        model.dataset.replace('_', ''), model.dataset.removeprefix('coco_'),
        '')
    # Published weights of these learned in another encoding than UDP.
    other = model.dataset not in ('coco', 'mpii')
    assert ('-published-' in model.config) == other
    assert ('-simple' in model.config) == ('simple' in model.name)
    if '/' in model.name:
        assert model.name.split('/')[1] in model.dataset
        assert address.dataset in (None, model.dataset)


@pytest.mark.parametrize('model', all_models(), ids=lambda model: model.name)
def test_the_published_value_is_the_metafiles(model, published, of_mmpose):
    assert all(0 < value < 1 for value in model.published.values())
    if model.name.endswith('-easy') or model.dataset is None:
        assert not model.published
        return
    if 'openmmlab' in model.checkpoint:
        assert model.published == {'AP': of_mmpose[model.checkpoint]}
        return
    leaf = Path(model.config).name
    dataset = model.dataset.replace('_', '')
    if 'plus' in model.name:
        leaf = leaf.replace('ViTPose-', 'ViTPose-plus-')
    if 'aic-mpii' in model.name:
        leaf = leaf.replace('8xb64', '8xb128').replace(
            'coco', 'coco-aic-mpii')
    joint = (f'td-hm_ViTPose-plus-{model.size}_8xb128-210e_joint-published-'
             '256x192')
    named = dict(aic='aichallenger').get(dataset, dataset)
    told = published.get((leaf, dataset)) or published.get((joint, named))
    for metric, value in model.published.items():
        assert told is None or told[metric] == value
    if model.dataset in ('coco', 'mpii') or model.size == 'base' and (
            model.dataset != 'apt36k'):
        assert told


def test_both_names_of_wholebody_and_no_other():
    assert find_model('vitpose-plus-base/coco_wholebody') == find_model(
        'vitpose-plus-base/wholebody')
    with pytest.raises(CheckpointError, match='no model is called vitpose-bas;'
                       ' close to it: vitpose-base'):
        find_model('vitpose-bas')
    with pytest.raises(CheckpointError, match='plus-base/coco, vitpose-plus-'
                       'base/aic, .*; `vitpose-mm models` lists all'):
        find_model('vitpose-plus-base')
    with pytest.raises(CheckpointError, match='xyz; `vitpose-mm models`'):
        find_model('xyz')
