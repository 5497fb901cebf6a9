# Looks at a test image at three sizes.
_base_ = ['./ae_ViTPose-base_8xb24-300e_coco-512x512.py']

model = dict(
    type='MultiscaleBottomupPoseEstimator',
    test_cfg=dict(multiscale_test=True, aug_scales=[0.5, 1.5]))
