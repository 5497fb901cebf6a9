# Learns the people of four real COCO images by heart, without any box: the
# shortest proof that labels, matching, losses and metric agree.
_base_ = [
    '../_base_/models/vitpose_query_tiny.py',
    '../_base_/datasets/crowd_query_192x192.py',
]

codec = dict(input_size=(384, 384))
decoder = {'type': 'QueryPoseLabel', **codec}

# Patches of 16 pixels, so that an image has few.
model = dict(
    backbone=dict(img_size=(384, 384), patch_size=16),
    head=dict(num_keypoints=17, strides=(16, 32), decoder=decoder))

train_cfg = dict(max_epochs=200, val_interval=100)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=20, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=20, end=200, by_epoch=True),
]

# No augmentation: each epoch shows the same images, as the test does.
train_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(
        type='BottomupRandomAffine',
        input_size=codec['input_size'],
        scale_type='long',
        shift_prob=0.,
        scale_prob=0.,
        rotate_prob=0.),
    dict(type='GenerateTarget', encoder=decoder),
    *_base_.train_pipeline[-2:]
]
val_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='BottomupResize', input_size=codec['input_size']),
    _base_.val_pipeline[-1]
]

data_root = r"""{{$VITPOSE_DATA:data}}/coco"""
ann_file = 'test_coco.json'
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        data_root=data_root,
        ann_file=ann_file,
        data_prefix=dict(img=''),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file=ann_file,
        data_prefix=dict(img=''),
        pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=f'{data_root}/{ann_file}')
test_evaluator = val_evaluator
