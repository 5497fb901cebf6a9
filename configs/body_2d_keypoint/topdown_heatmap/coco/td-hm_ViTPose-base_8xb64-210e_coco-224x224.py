_base_ = [
    '../../../_base_/models/vitpose_base.py',
    '../../../_base_/datasets/coco_224x224.py',
]

model = dict(
    backbone=dict(img_size=(224, 224)),
    head=dict(out_channels=17, decoder=_base_.codec))
