_base_ = [
    '../../../_base_/models/vitpose_ae_base.py',
    '../../../_base_/datasets/coco_bottomup_512x512.py',
]

model = dict(head=dict(num_keypoints=17, decoder=_base_.codec))
