# COCO, AIC and MPII alone, the first three of the joint datasets.
_base_ = [
    '../../../_base_/models/vitpose_multi_base.py',
    '../../../_base_/datasets/joint_256x192.py',
]

heads = {
    name: dict(_base_.model.heads[name], decoder=_base_.codec)
    for name in ('coco', 'aic', 'mpii')
}
model = dict(heads=dict(_delete_=True, **heads))
optim_wrapper = dict(optimizer=dict(lr=1e-3))

train_dataloader = dict(dataset=dict(datasets=_base_.train_datasets[:3]))
val_dataloader = dict(dataset=dict(datasets=_base_.val_datasets[:3]))
test_dataloader = val_dataloader
val_evaluator = dict(
    datasets=_base_.val_datasets[:3], metrics=_base_.metrics[:3])
test_evaluator = val_evaluator
