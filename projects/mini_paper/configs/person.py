# One kind of body, drawn people with COCO's keypoints.
_base_ = ['./_base_/vitpose_mini.py', './_base_/drawn_64x48.py']

model = dict(
    data_preprocessor=dict(codec=_base_.codec),
    head=dict(out_channels=17, decoder=_base_.codec))

train_dataloader = dict(dataset=_base_.train_of.person)
val_dataloader = dict(dataset=_base_.val_of.person)
test_dataloader = dict(_base_.val_dataloader, dataset=_base_.val_of.person)
val_evaluator = [
    dict(
        type='CocoMetric',
        ann_file=f'{_base_.data_root}/person/val/annotations.json'),
    _base_.pck,
]
test_evaluator = val_evaluator
