_base_ = [
    '../../../_base_/models/vitpose_huge.py',
    '../../../_base_/datasets/interhand2d_256x192.py',
]

model = dict(head=dict(out_channels=21, decoder=_base_.codec))
