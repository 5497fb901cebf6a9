_base_ = [
    '../_base_/models/vitpose_query_tiny.py',
    '../_base_/datasets/crowd_query_192x192.py',
]

# Many noised people: few images are seen, each with three people.
model = dict(
    head=dict(num_keypoints=17, num_noised=48, decoder=_base_.codec))

train_cfg = dict(max_epochs=5, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=5,
        by_epoch=True,
        convert_to_iter_based=True),
]
