# One ViT, a head for each kind of body; the leaves say which.
_base_ = ['./vitpose_mini.py']

model = dict(
    _delete_=True,
    type='MultiDatasetTopdownPoseEstimator',
    data_preprocessor=_base_.model.data_preprocessor,
    backbone=_base_.model.backbone,
    train_cfg=_base_.model.train_cfg,
    test_cfg=_base_.model.test_cfg)
head = dict(_base_.model.head)
