_base_ = [
    '../../../_base_/models/vitpose_small.py',
    '../../../_base_/datasets/coco_wholebody_256x192.py',
]

model = dict(head=dict(out_channels=133, decoder=_base_.codec))
