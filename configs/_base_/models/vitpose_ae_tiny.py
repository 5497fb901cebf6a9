# The tiny ViT on whole images: patches of 16 pixels, so that an image has few.
_base_ = ['./vitpose_tiny.py']

model = dict(
    type='BottomupPoseEstimator',
    backbone=dict(img_size=(256, 256), patch_size=16),
    head=dict(
        _delete_=True,
        type='AEHead',
        in_channels=128,
        deconv_out_channels=(64, 64),
        deconv_kernel_sizes=(4, 4),
        tag_loss=dict(type='AELoss', loss_weight=0.001)),
    test_cfg=dict(_delete_=True))
