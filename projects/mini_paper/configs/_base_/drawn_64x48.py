# Drawn people and animals of six kinds, in the order of the experts. Draw them
# with `python projects/mini_paper/run.py data`.
_base_ = ['./schedule_10e.py']

data_root = r"""{{$VITPOSE_DATA:data}}/mini_paper"""

codec = dict(
    type='BatchUDPHeatmap',
    input_size=(48, 64),
    heatmap_size=(12, 16),
    sigma=1.,
    blur_kernel_size=3)

# No flip: the left limbs of what is drawn are striped and warm, so a mirrored
# picture would contradict its own labels.
train_pipeline = [
    dict(type='LoadImageOnce', num_images=10000),
    dict(type='GetBBoxCenterScale'),
    dict(
        type='ViTPoseBBoxTransform',
        shift_factor=0.1,
        shift_prob=0.3,
        scale_factor=(0.7, 1.3),
        rotate_factor=40.,
        rotate_prob=0.5),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs')
]
val_pipeline = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='PackPoseInputs')
]

num_keypoints = dict(
    person=17, person_14=14, person_16=16, dog_17=17, giraffe_17=17,
    whole_body_40=40)
train_of = {
    name: dict(
        type='CocoDataset',
        metainfo=dict(from_file=f'{data_root}/{name}/train/metainfo.py'),
        data_root=f'{data_root}/{name}/train',
        ann_file='annotations.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline) for name in num_keypoints
}
# Half of each: what more kinds bring shows best where data are few.
few_of = {name: dict(part, indices=480) for name, part in train_of.items()}
val_of = {
    name: dict(
        type='CocoDataset',
        metainfo=dict(from_file=f'{data_root}/{name}/train/metainfo.py'),
        data_root=f'{data_root}/{name}/val',
        ann_file='annotations.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline) for name in num_keypoints
}

# No worker processes: runs share the cores, one thread each.
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=128,
    num_workers=0,
    drop_last=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False))
pck = dict(type='PCKAccuracy', thr=0.1, norm_item='bbox')
