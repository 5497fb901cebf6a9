_base_ = [
    '../../../_base_/models/vitpose_base.py',
    '../../../_base_/datasets/coco_256x256.py',
]

model = dict(
    backbone=dict(img_size=(256, 256)),
    head=dict(out_channels=17, decoder=_base_.codec))
