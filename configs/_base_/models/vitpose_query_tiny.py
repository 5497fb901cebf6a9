# The tiny ViT of the quickstart, with patches of 8 pixels, on whole images.
_base_ = ['./vitpose_tiny.py']

model = dict(
    type='BottomupPoseEstimator',
    backbone=dict(img_size=(192, 192), out_indices=(-2, -1)),
    neck=dict(
        type='ResizedPyramid',
        in_channels=128,
        out_channels=128,
        scales=(1, 0.5)),
    head=dict(
        _delete_=True,
        type='QueryPoseHead',
        in_channels=128,
        strides=(8, 16),
        num_queries=20,
        num_heads=4,
        num_noised=10),
    test_cfg=dict(_delete_=True, score_thr=0.))
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.))
