# Patches of 8x8 every 4 pixels: 16x12 instead of 8x6, as many as the heatmap
# has pixels, so a 3x3 is enough of a decoder.
_base_ = ['./person.py']

model = dict(
    backbone=dict(patch_stride=4),
    head=dict(
        deconv_out_channels=[],
        deconv_kernel_sizes=[],
        final_layer=dict(kernel_size=3, padding=1)))
