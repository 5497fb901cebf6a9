_base_ = [
    '../../../_base_/models/vitpose_base.py',
    '../../../_base_/datasets/apt36k_256x192.py',
]

model = dict(head=dict(out_channels=17, decoder=_base_.codec))
