_base_ = ['./td-hm_ViTPose-base_8xb64-210e_coco-256x192.py']

# 32x24 patches at an eighth of the crop, so one deconvolution is enough for
# heatmaps of the usual size. The paper trained this one with --amp.
model = dict(
    backbone=dict(patch_stride=8),
    head=dict(deconv_out_channels=(256, ), deconv_kernel_sizes=(4, )))
