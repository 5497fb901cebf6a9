# The same bodies twice in an epoch: as many steps as with more kinds.
_base_ = ['./joint_1.py']

train_dataloader = dict(
    dataset=dict(datasets=[_base_.few_of.person] * 2))
