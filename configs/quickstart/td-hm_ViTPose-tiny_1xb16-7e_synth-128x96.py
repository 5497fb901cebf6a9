_base_ = [
    '../_base_/models/vitpose_tiny.py',
    '../_base_/datasets/synth_128x96.py',
]

model = dict(
    head=dict(out_channels=17, decoder=_base_.codec),
    train_cfg=dict(compute_acc=False),
    test_cfg=dict(flip_test=False))

train_cfg = dict(max_epochs=7, val_interval=7)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=7,
        by_epoch=True,
        convert_to_iter_based=True),
]
