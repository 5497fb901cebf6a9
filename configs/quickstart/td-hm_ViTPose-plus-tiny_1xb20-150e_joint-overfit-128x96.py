# Learns a handful of real samples of five datasets by heart: the shortest
# proof that experts, heads, skeletons and metrics find each other.
_base_ = [
    '../_base_/models/vitpose_tiny.py',
    '../_base_/schedules/vitpose_210e.py',
]

data_root = r"""{{$VITPOSE_DATA:data}}"""

# AI Challenger's metric is strict. A peak of this width is decoded exactly on
# so small a heatmap; one of 1.5 cells would cost 0.1 AP.
codec = dict(
    type='UDPHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=2)

num_keypoints = dict(coco=17, aic=14, mpii=16, ap10k=17, coco_wholebody=133)
model = dict(
    _delete_=True,
    type='MultiDatasetTopdownPoseEstimator',
    data_preprocessor=_base_.model.data_preprocessor,
    backbone=dict(_base_.model.backbone, type='ViTMoE', num_experts=5),
    heads={
        name: dict(_base_.model.head, out_channels=number, decoder=codec)
        for name, number in num_keypoints.items()
    },
    test_cfg=dict(flip_test=False))

train_cfg = dict(max_epochs=150, val_interval=75)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=20, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=20, end=150, by_epoch=True),
]

# No augmentation: each epoch shows the same crops. They are wider than usual,
# for limbs that reach beyond their box.
val_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale', padding=1.5),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='PackPoseInputs')
]
train_pipeline = [
    *val_pipeline[:-1],
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs')
]

# In the order of the experts.
ann_files = dict(
    CocoDataset='coco/test_coco.json',
    AicDataset='aic/test_aic.json',
    MpiiDataset='mpii/test_mpii.json',
    AP10KDataset='ap10k/test_ap10k.json',
    CocoWholeBodyDataset='coco/test_coco_wholebody.json')
train_datasets = [
    dict(
        type=name,
        data_root=data_root,
        ann_file=file,
        data_prefix=dict(img=file.split('/')[0]),
        pipeline=train_pipeline) for name, file in ann_files.items()
]
val_datasets = [
    dict(dataset, test_mode=True, pipeline=val_pipeline)
    for dataset in train_datasets
]

train_dataloader = dict(
    batch_size=20,
    num_workers=0,
    sampler=dict(type='MultiDatasetSampler', seed=0),
    dataset=dict(
        type='JointDataset',
        pipeline=[dict(type='ChooseLeaf')],
        datasets=train_datasets))
val_dataloader = dict(
    batch_size=40,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='JointDataset',
        pipeline=[dict(type='ChooseLeaf')],
        datasets=val_datasets))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='JointEvaluator',
    datasets=val_datasets,
    metrics=[
        dict(type='CocoMetric'),
        dict(type='CocoMetric', use_area=False),
        # PCKh needs head boxes, which are not among these files.
        dict(type='PCKAccuracy', thr=0.2, norm_item='bbox'),
        dict(type='CocoMetric'),
        dict(type='CocoWholeBodyMetric'),
    ])
test_evaluator = val_evaluator

default_hooks = dict(
    checkpoint=dict(save_best='coco/AP', rule='greater', max_keep_ckpts=1))
visualizer = dict(type='JointVisualizer')
