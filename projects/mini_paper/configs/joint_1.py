# Drawn people with COCO's keypoints, in the model of several kinds; the other
# leaves add kinds to it.
_base_ = ['./_base_/vitpose_mini_multi.py', './_base_/drawn_64x48.py']

model = dict(
    data_preprocessor=dict(codec=_base_.codec),
    heads=dict(
        person=dict(_base_.head, out_channels=17, decoder=_base_.codec)))
val_datasets = [_base_.val_of.person]

train_dataloader = dict(
    sampler=dict(_delete_=True, type='MultiDatasetSampler'),
    dataset=dict(
        type='JointDataset',
        pipeline=[dict(type='ChooseLeaf')],
        datasets=[_base_.few_of.person]))
val_dataloader = dict(
    dataset=dict(
        type='JointDataset',
        pipeline=[dict(type='ChooseLeaf')],
        datasets=val_datasets))
test_dataloader = dict(
    _base_.val_dataloader, dataset=val_dataloader['dataset'])
metric = [dict(type='CocoMetric'), _base_.pck]
val_evaluator = dict(
    type='JointEvaluator', datasets=val_datasets, metrics=[metric])
test_evaluator = val_evaluator
visualizer = dict(type='JointVisualizer')
