_base_ = [
    '../../../_base_/models/vitpose_base.py',
    '../../../_base_/datasets/coco_384x384.py',
]

model = dict(
    backbone=dict(img_size=(384, 384)),
    head=dict(out_channels=17, decoder=_base_.codec))
