_base_ = [
    '../../../_base_/models/vitpose_ae_large.py',
    '../../../_base_/datasets/coco_bottomup_640x640.py',
]

model = dict(
    backbone=dict(img_size=(640, 640)),
    head=dict(num_keypoints=17, decoder=_base_.codec))
