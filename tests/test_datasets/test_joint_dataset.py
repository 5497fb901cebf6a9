# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
from mmpose.registry import DATASETS

PACK = dict(type='PackPoseInputs')
OWN = [dict(type='LoadImage'), PACK]


def build(real_data, pipeline):
    parts = [
        dict(type=name, data_root=str(real_data), ann_file=file,
             data_prefix=dict(img=file.split('/')[0]), pipeline=OWN)
        for name, file in dict(CocoDataset='coco/test_coco.json',
                               AicDataset='aic/test_aic.json').items()
    ]
    return DATASETS.build(
        dict(type='JointDataset', datasets=parts, pipeline=pipeline))


def test_each_part_keeps_its_metainfo(real_data):
    dataset = build(real_data, [dict(type='ChooseLeaf')])

    assert dataset.metainfo['dataset_name'] == 'coco'
    assert {name: info['num_keypoints']
            for name, info in dataset.metainfo['joined'].items()
            } == dict(coco=17, aic=14)
    names = [dataset[index]['data_samples'].dataset_name
             for index in (0, len(dataset) - 1)]
    assert names == ['coco', 'aic']


@pytest.mark.parametrize('pipeline, packs, steps', [
    ([dict(type='ChooseLeaf')], False, 2),
    ([dict(type='ChooseLeaf', pack_transformed=True)], True, 2),
    ([], None, 0),
])
def test_what_browse_dataset_writes_reaches_every_part(
        real_data, pipeline, packs, steps):
    for part in build(real_data, pipeline).datasets:
        transforms = part.pipeline.transforms
        assert len(transforms) == steps
        assert all(transform.pack_transformed == packs
                   for transform in transforms[1:])
    assert 'pack_transformed' not in PACK
