# The five datasets of the overfit, with one head for all of them that is asked
# for keypoints by name. WholeBody's 116 points of face and hands take longer
# through names than as channels of their own.
_base_ = ['./td-hm_ViTPose-plus-tiny_1xb20-150e_joint-overfit-128x96.py']

model = dict(
    head=dict(
        type='NamedHeatmapHead',
        in_channels=128,
        deconv_out_channels=(64, ),
        deconv_kernel_sizes=(4, ),
        decoder=_base_.codec),
    heads=dict(
        _delete_=True,
        coco=dict(),
        aic=dict(),
        mpii=dict(),
        ap10k=dict(),
        coco_wholebody=dict()))

train_cfg = dict(max_epochs=400, val_interval=100)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=20, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=20, end=400, by_epoch=True),
]
