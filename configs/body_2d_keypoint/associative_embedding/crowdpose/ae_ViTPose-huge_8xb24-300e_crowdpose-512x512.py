_base_ = [
    '../../../_base_/models/vitpose_ae_huge.py',
    '../../../_base_/datasets/crowdpose_bottomup_512x512.py',
]

model = dict(head=dict(num_keypoints=14, decoder=_base_.codec))
