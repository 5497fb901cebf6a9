_base_ = [
    '../../../_base_/models/vitpose_plus_base.py',
    '../../../_base_/datasets/joint-published_256x192.py',
]

model = dict(
    heads={
        name: dict(decoder=_base_.codecs[name])
        for name in _base_.model.heads
    },
    # A mirrored plain crop is a pixel of the heatmap off.
    test_cfg=dict(
        heads={
            name: dict(shift_heatmap=True)
            for name in ('aic', 'ap10k', 'apt36k', 'coco_wholebody')
        }))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
