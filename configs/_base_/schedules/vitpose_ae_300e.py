_base_ = ['./vitpose_210e.py']

train_cfg = dict(max_epochs=300, val_interval=10)
param_scheduler = [
    dict(
        type='LinearLR', begin=0, end=500, start_factor=0.001,
        by_epoch=False),
    dict(
        type='MultiStepLR',
        begin=0,
        end=300,
        milestones=[200, 260],
        gamma=0.1,
        by_epoch=True)
]
auto_scale_lr = dict(base_batch_size=192)
