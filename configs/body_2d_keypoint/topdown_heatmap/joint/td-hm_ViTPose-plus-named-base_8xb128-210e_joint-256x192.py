# ViTPose+ with one head for all six datasets, that is asked for keypoints by
# name.
_base_ = [
    '../../../_base_/models/vitpose_plus_base.py',
    '../../../_base_/datasets/joint_256x192.py',
]

model = dict(
    head=dict(
        type='NamedHeatmapHead',
        in_channels=768,
        decoder=_base_.codec),
    heads=dict(
        _delete_=True,
        coco=dict(),
        aic=dict(),
        mpii=dict(),
        ap10k=dict(),
        apt36k=dict(),
        coco_wholebody=dict()))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
