# 0.7 M parameters that learn from scratch, on two cores, in minutes. Not a
# model of the papers: patches are 8x8, so that few samples suffice, and one
# deconvolution leads back to a quarter of the crop's resolution.
_base_ = ['./vitpose_base.py']

model = dict(
    backbone=dict(
        arch=dict(
            _delete_=True, embed_dim=128, depth=4, num_heads=4, mlp_ratio=2),
        img_size=(128, 96),
        patch_size=8,
        drop_path_rate=0.,
        init_cfg=None),
    head=dict(
        in_channels=128,
        deconv_out_channels=(64, ),
        deconv_kernel_sizes=(4, )))
# Nothing is pre-trained, so no layer needs a smaller rate.
optim_wrapper = dict(
    optimizer=dict(lr=4e-3, weight_decay=0.05),
    paramwise_cfg=dict(layer_decay_rate=1.0))
