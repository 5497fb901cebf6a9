_base_ = [
    '../../../_base_/models/vitpose_plus_huge.py',
    '../../../_base_/datasets/coco_wholebody_256x192.py',
]

model = dict(
    heads={name: dict(decoder=_base_.codec)
           for name in _base_.model.heads},
    test_cfg=dict(dataset='coco_wholebody'))
