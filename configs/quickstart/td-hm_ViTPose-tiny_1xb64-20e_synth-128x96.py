_base_ = [
    '../_base_/models/vitpose_tiny.py',
    '../_base_/datasets/synth_128x96.py',
]

model = dict(head=dict(out_channels=17, decoder=_base_.codec))
