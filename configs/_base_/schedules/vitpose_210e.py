_base_ = ['mmpose::_base_/default_runtime.py']

train_cfg = dict(
    _delete_=True, type='CheckedTrainLoop', max_epochs=210, val_interval=10)
val_cfg = dict(type='CheckedValLoop')
test_cfg = dict(type='CheckedTestLoop')
param_scheduler = [
    dict(
        type='LinearLR', begin=0, end=500, start_factor=0.001,
        by_epoch=False),
    dict(
        type='MultiStepLR',
        begin=0,
        end=210,
        milestones=[170, 200],
        gamma=0.1,
        by_epoch=True)
]
auto_scale_lr = dict(base_batch_size=512)
custom_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='ModelDataCheckHook'),
    dict(type='DataCheckHook'),
    dict(type='ResumeHook'),
    dict(type='NaNHook'),
]
default_hooks = dict(checkpoint=dict(type='WholeCheckpointHook'))
visualizer = dict(type='PoseVisualizer')
