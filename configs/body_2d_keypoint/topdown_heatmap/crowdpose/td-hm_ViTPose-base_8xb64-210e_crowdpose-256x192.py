_base_ = [
    '../../../_base_/models/vitpose_base.py',
    '../../../_base_/datasets/crowdpose_256x192.py',
]

model = dict(head=dict(out_channels=14, decoder=_base_.codec))
