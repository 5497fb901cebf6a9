# Some 150,000 people of COCO train2017. The crop is the annotated box with
# the margin that ViTPose's own crops have.
data_root = r"""{{$VITPOSE_DATA:data}}/coco"""

# Shapes vary about that of the crop, 3:4, as MAE's vary about its square.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='CropPerson'),
    dict(
        type='RandomResizedCrop',
        scale=(256, 192),
        crop_ratio_range=(0.2, 1.0),
        aspect_ratio_range=(9 / 16, 1.0),
        backend='pillow',
        interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs')
]
train_dataloader = dict(
    batch_size=512,
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PersonCropDataset',
        data_root=data_root,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img_path='train2017/'),
        scale=1.25,
        min_size=16,
        pipeline=train_pipeline))
