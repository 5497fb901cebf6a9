# The simple decoder: ReLU, bilinear to the heatmap's size, one 3x3.
_base_ = ['./person.py']

model = dict(
    neck=dict(type='FeatureMapProcessor', scale_factor=2.0, apply_relu=True),
    head=dict(
        deconv_out_channels=[],
        deconv_kernel_sizes=[],
        final_layer=dict(kernel_size=3, padding=1)))
