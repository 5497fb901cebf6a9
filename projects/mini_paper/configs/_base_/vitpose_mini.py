# 0.24 M parameters; patches of 8x8, one deconvolution to a quarter of the
# crop's resolution. Nothing is pre-trained, so no layer has a smaller rate.
_base_ = ['../../../../configs/_base_/models/vitpose_tiny.py']

model = dict(
    type='FastTopdownPoseEstimator',
    data_preprocessor=dict(type='HeatmapDataPreprocessor'),
    backbone=dict(
        arch=dict(embed_dim=64, depth=4, num_heads=4, mlp_ratio=4),
        img_size=(64, 48)),
    head=dict(in_channels=64, deconv_out_channels=(48, )),
    train_cfg=dict(compute_acc=False),
    test_cfg=dict(flip_test=False))
optim_wrapper = dict(optimizer=dict(lr=3e-3))
