# Finds everybody in an image at once: queries that become people, without
# boxes or heatmaps.
_base_ = ['./vitpose_base.py']

model = dict(
    type='BottomupPoseEstimator',
    backbone=dict(
        img_size=(640, 640),
        # Windows of 10x10 patches, and all patches in every third block.
        attention=dict(
            window_size=(10, 10), full_attention_blocks=(2, 5, 8, 11)),
        out_indices=(-2, -1)),
    neck=dict(type='ResizedPyramid', in_channels=768, out_channels=256),
    head=dict(_delete_=True, type='QueryPoseHead', in_channels=256),
    test_cfg=dict(_delete_=True, score_thr=0.))

# The backbone is pre-trained, the rest is not.
optim_wrapper = dict(
    optimizer=dict(lr=2e-4, weight_decay=1e-4),
    paramwise_cfg=dict(layer_decay_rate=1., backbone_lr_mult=0.1),
    clip_grad=dict(max_norm=0.1))
