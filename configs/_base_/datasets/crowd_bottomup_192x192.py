_base_ = ['../schedules/vitpose_210e.py']

dataset_type = 'CocoDataset'
data_mode = 'bottomup'
data_root = r"""{{$VITPOSE_DATA:data}}/crowd"""

codec = dict(
    type='UDPAssociativeEmbedding',
    input_size=(192, 192),
    heatmap_size=(48, 48),
    sigma=1.5,
    decode_keypoint_order=[
        0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16
    ])

# No flip, here and in the test: the left limbs of the drawn people are striped
# and warm, so a mirrored picture would contradict its own labels.
train_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(
        type='BottomupRandomAffine',
        input_size=codec['input_size'],
        scale_type='long',
        shift_factor=0.05,
        scale_factor=(0.9, 1.1),
        rotate_prob=0.),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='BottomupGetCrowdMask'),
    dict(type='PackPoseInputs')
]
val_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='BottomupResize', input_size=codec['input_size']),
    dict(
        type='PackPoseInputs',
        meta_keys=('id', 'img_id', 'img_path', 'ori_shape', 'img_shape',
                   'input_size', 'input_center', 'input_scale',
                   'flip_indices'))
]

# No worker processes: on two cores they would slow the network's threads by
# more than they save.
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='train/annotations.json',
        data_prefix=dict(img='train/images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='val/annotations.json',
        data_prefix=dict(img='val/images/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoMetric',
    ann_file=f'{data_root}/val/annotations.json',
    score_mode='bbox',
    nms_mode='none')
test_evaluator = val_evaluator

default_hooks = dict(
    checkpoint=dict(save_best='coco/AP', rule='greater', max_keep_ckpts=1))
