_base_ = [
    '../../../_base_/models/vitpose_huge.py',
    '../../../_base_/datasets/coco_wholebody-published_256x192.py',
]

model = dict(
    head=dict(out_channels=133, decoder=_base_.codec),
    # A mirrored plain crop is a pixel of the heatmap off.
    test_cfg=dict(shift_heatmap=True))
