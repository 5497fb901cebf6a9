# The tiny ViT of the quickstart on whole images.
_base_ = ['./vitpose_tiny.py']

model = dict(
    type='BottomupPoseEstimator',
    backbone=dict(img_size=(192, 192)),
    head=dict(
        _delete_=True,
        type='AEHead',
        in_channels=128,
        deconv_out_channels=(64, ),
        deconv_kernel_sizes=(4, ),
        tag_loss=dict(type='AELoss', loss_weight=0.001)),
    test_cfg=dict(_delete_=True, score_thr=0.))
