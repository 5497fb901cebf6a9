# The six datasets of ViTPose+ on one ViT, with a decoder for each.
_base_ = ['./vitpose_base.py']

# In the order of the experts of ViTPose+.
num_keypoints = dict(
    coco=17, aic=14, mpii=16, ap10k=17, apt36k=17, coco_wholebody=133)

model = dict(
    _delete_=True,
    type='MultiDatasetTopdownPoseEstimator',
    data_preprocessor=_base_.model.data_preprocessor,
    backbone=_base_.model.backbone,
    heads={
        name: dict(_base_.model.head, out_channels=number)
        for name, number in num_keypoints.items()
    },
    aliases=dict(ochuman='coco'),
    test_cfg=_base_.model.test_cfg)
