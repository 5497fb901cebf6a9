_base_ = [
    '../../../_base_/models/vitpose_query_small.py',
    '../../../_base_/datasets/crowdpose_query_640x640.py',
]

model = dict(head=dict(num_keypoints=14, decoder=_base_.codec))
