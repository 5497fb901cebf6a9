# 1.9 M parameters and the simple decoder: trains from scratch on two cores in
# minutes. Not a model of the papers.
_base_ = ['./vitpose_base.py']

model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dim=192, depth=6, num_heads=6),
        img_size=(128, 96),
        drop_path_rate=0.),
    neck=dict(type='FeatureMapProcessor', scale_factor=4.0, apply_relu=True),
    head=dict(
        in_channels=192,
        deconv_out_channels=[],
        deconv_kernel_sizes=[],
        final_layer=dict(kernel_size=3, padding=1)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
