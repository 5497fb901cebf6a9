_base_ = [
    '../../../_base_/models/vitpose_plus_huge.py',
    '../../../_base_/datasets/joint_256x192.py',
]

model = dict(
    heads={name: dict(decoder=_base_.codec)
           for name in _base_.model.heads})
optim_wrapper = dict(optimizer=dict(lr=1e-3))
