_base_ = ['./coco_bottomup_512x512.py']

codec = dict(input_size=(640, 640), heatmap_size=(160, 160))

train_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='BottomupRandomAffine', input_size=codec['input_size']),
    dict(type='BottomupRandomFlip', direction='horizontal'),
    dict(type='GenerateTarget', encoder={**_base_.codec, **codec}),
    *_base_.train_pipeline[-2:]
]
val_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(
        type='BottomupResize',
        input_size=codec['input_size'],
        size_factor=64,
        resize_mode='expand'),
    _base_.val_pipeline[-1]
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
