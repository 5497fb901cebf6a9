# And two kinds of animals with AP-10K's keypoints.
_base_ = ['./joint_3.py']

more = ('dog_17', 'giraffe_17')
model = dict(
    heads={
        name: dict(
            _base_.head,
            out_channels=_base_.num_keypoints[name],
            decoder=_base_.codec) for name in more
    })
train_dataloader = dict(
    dataset=dict(
        datasets=[
            *_base_.train_dataloader.dataset.datasets,
            *(_base_.few_of[name] for name in more)
        ]))
val_datasets = [*_base_.val_datasets, *(_base_.val_of[name] for name in more)]
val_dataloader = dict(dataset=dict(datasets=val_datasets))
test_dataloader = dict(dataset=dict(datasets=val_datasets))
val_evaluator = dict(
    datasets=val_datasets, metrics=[_base_.metric] * len(val_datasets))
test_evaluator = val_evaluator
