_base_ = [
    '../../../_base_/models/vitpose_query_large.py',
    '../../../_base_/datasets/coco_query_640x640.py',
]

model = dict(head=dict(num_keypoints=17, decoder=_base_.codec))
