# Finds everybody in an image at once: heatmaps, and tags that group them.
_base_ = ['./vitpose_base.py']

model = dict(
    type='BottomupPoseEstimator',
    backbone=dict(img_size=(512, 512)),
    head=dict(
        _delete_=True,
        type='AEHead',
        in_channels=768,
        deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4),
        # MMPose's 0.001 is for the sum over the 24 images of a GPU.
        tag_loss=dict(type='AELoss', loss_weight=0.024)),
    test_cfg=dict(_delete_=True, flip_test=True, score_thr=0.))
