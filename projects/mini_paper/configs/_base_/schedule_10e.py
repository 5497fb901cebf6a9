# 10 epochs of batches of 16, one validation at the end, which is the test: no
# epoch is chosen by it.
_base_ = ['../../../../configs/_base_/schedules/vitpose_210e.py']

train_cfg = dict(max_epochs=10, val_interval=10)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=60, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=10,
        by_epoch=True,
        convert_to_iter_based=True),
]
default_hooks = dict(
    checkpoint=dict(interval=10, max_keep_ckpts=1, save_optimizer=False),
    logger=dict(interval=10))
