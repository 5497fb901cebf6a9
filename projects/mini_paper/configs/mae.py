# MAE on the crops of the training set, for the encoder of person.py.
_base_ = [
    '../../../configs/mae/_base_/mae_vit-base.py',
    '../../../configs/mae/_base_/coco_crops_256x192.py',
    '../../../configs/mae/_base_/mae_1600e.py',
]

img_size = (64, 48)
model = dict(
    backbone=dict(
        arch=dict(
            _delete_=True, embed_dim=64, depth=4, num_heads=4, mlp_ratio=4),
        img_size=img_size,
        patch_size=8),
    neck=dict(
        embed_dim=64,
        img_size=img_size,
        patch_size=8,
        decoder_embed_dim=48,
        decoder_depth=2,
        decoder_num_heads=4),
    head=dict(img_size=img_size, patch_size=8))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='CropPerson'),
    dict(
        type='RandomResizedCrop',
        scale=img_size,
        crop_ratio_range=(0.3, 1.0),
        aspect_ratio_range=(9 / 16, 1.0),
        backend='pillow',
        interpolation='bicubic'),
    dict(type='PackInputs')
]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root=r"""{{$VITPOSE_DATA:data}}/mini_paper/person/train""",
        ann_file='annotations.json',
        data_prefix=dict(img_path='images/'),
        min_size=8,
        pipeline=train_pipeline))

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=40,
        by_epoch=True,
        convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=40)
default_hooks = dict(checkpoint=dict(interval=40, max_keep_ckpts=1))
