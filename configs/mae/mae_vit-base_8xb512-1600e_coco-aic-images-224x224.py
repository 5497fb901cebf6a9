# Some 300,000 whole images, as MAE takes those of ImageNet.
_base_ = [
    './_base_/mae_vit-base.py',
    './_base_/coco_crops_256x192.py',
    './_base_/mae_1600e.py',
]

img_size = (224, 224)
model = dict(
    backbone=dict(img_size=img_size),
    neck=dict(img_size=img_size),
    head=dict(img_size=img_size))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomResizedCrop',
        scale=img_size,
        crop_ratio_range=(0.2, 1.0),
        backend='pillow',
        interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs')
]
images = dict(type='CustomDataset', with_label=False, pipeline=train_pipeline)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                **images,
                data_root=r"""{{$VITPOSE_DATA:data}}/coco/train2017"""),
            dict(
                **images,
                data_root=r"""{{$VITPOSE_DATA:data}}/aic/"""
                'ai_challenger_keypoint_train_20170902/'
                'keypoint_train_images_20170902')
        ]))
