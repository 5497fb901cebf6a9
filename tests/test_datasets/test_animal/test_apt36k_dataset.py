# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
from mmpose.registry import DATASETS

from vitpose_mm.datasets import InterHand2DDataset


def metainfo(name: str) -> dict:
    return DATASETS.build(dict(type=name, lazy_init=True)).metainfo


def test_metainfo_is_that_of_ap10k_but_for_the_name():
    ours, ap10k = metainfo('APT36KDataset'), metainfo('AP10KDataset')

    assert ours.pop('dataset_name') == 'apt36k'
    assert ap10k.pop('dataset_name') == 'ap10k'
    np.testing.assert_equal(ours, ap10k)


def test_real_animals_carry_the_name(real_data):
    """AP-10K's fixture is in the very form."""
    root = real_data / 'ap10k'
    dataset = DATASETS.build(
        dict(type='APT36KDataset', ann_file=str(root / 'test_ap10k.json'),
             data_prefix=dict(img=str(root))))

    assert len(dataset) == 2
    assert {animal['dataset_name'] for animal in dataset} == {'apt36k'}


def test_metainfo_is_found_from_any_folder(tmp_path, monkeypatch):
    """MMPose looks for the files by their path."""
    monkeypatch.chdir(tmp_path)

    assert metainfo('APT36KDataset')['num_keypoints'] == 17
    hands = InterHand2DDataset('', '', '', lazy_init=True)
    assert hands.metainfo['num_keypoints'] == 21


def test_inferencer_would_pick_the_detector_for_animals_and_hands():
    """MMPose takes it from the module's folder below ``datasets``."""
    for name, folder in ('APT36KDataset', 'animal'), ('InterHand2DDataset',
                                                      'hand'):
        module = DATASETS.get(name).__module__
        assert module.split('datasets.')[-1].split('.')[0] == folder
