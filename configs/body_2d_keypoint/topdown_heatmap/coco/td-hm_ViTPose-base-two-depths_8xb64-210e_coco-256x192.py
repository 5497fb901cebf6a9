_base_ = ['./td-hm_ViTPose-base_8xb64-210e_coco-256x192.py']

# The head sees the maps of the middle and of the last block.
model = dict(
    backbone=dict(out_indices=(5, 11)),
    neck=dict(type='FeatureMapProcessor', concat=True),
    head=dict(in_channels=2 * 768))
