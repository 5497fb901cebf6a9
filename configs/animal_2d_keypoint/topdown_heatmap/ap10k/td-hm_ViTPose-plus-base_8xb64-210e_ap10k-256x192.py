_base_ = [
    '../../../_base_/models/vitpose_plus_base.py',
    '../../../_base_/datasets/ap10k_256x192.py',
]

model = dict(
    heads={name: dict(decoder=_base_.codec)
           for name in _base_.model.heads},
    test_cfg=dict(dataset='ap10k'))
