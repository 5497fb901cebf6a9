_base_ = [
    '../../../_base_/models/vitpose_huge.py',
    '../../../_base_/datasets/ap10k-published_256x192.py',
]

model = dict(
    head=dict(out_channels=17, decoder=_base_.codec),
    # A mirrored plain crop is a pixel of the heatmap off.
    test_cfg=dict(shift_heatmap=True))
