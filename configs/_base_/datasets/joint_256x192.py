# The six training sets of ViTPose+, each with its own class, skeleton and
# augmentation, in the order of the experts. One loader mixes them freely.
_base_ = ['../schedules/vitpose_210e.py']

data_root = r"""{{$VITPOSE_DATA:data}}"""

codec = dict(
    type='UDPHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)

train_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale'),
    # As in the code of ViTPose: boxes are shifted, but not those of halves.
    dict(type='ViTPoseBBoxTransform', scale_prob=0., rotate_prob=0.),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='ViTPoseHalfBody'),
    dict(type='ViTPoseBBoxTransform', shift_prob=0.),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs')
]
# Boxes of MPII are annotated as centre and scale, which are not shifted.
mpii_train_pipeline = [
    *train_pipeline[:2], train_pipeline[3], *train_pipeline[5:]
]
val_pipeline = [
    *train_pipeline[:2],
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='PackPoseInputs')
]

coco_detections = (f'{data_root}/coco/person_detection_results/'
                   'COCO_val2017_detections_AP_H_56_person.json')
train_datasets = [
    dict(
        type='CocoDataset',
        data_root=f'{data_root}/coco',
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline),
    dict(
        type='AicDataset',
        data_root=f'{data_root}/aic',
        ann_file='annotations/aic_train.json',
        data_prefix=dict(img='ai_challenger_keypoint_train_20170902/'
                         'keypoint_train_images_20170902/'),
        pipeline=train_pipeline),
    dict(
        type='MpiiDataset',
        data_root=f'{data_root}/mpii',
        ann_file='annotations/mpii_train.json',
        data_prefix=dict(img='images/'),
        pipeline=mpii_train_pipeline),
    dict(
        type='AP10KDataset',
        data_root=f'{data_root}/ap10k',
        ann_file='annotations/ap10k-train-split1.json',
        data_prefix=dict(img='data/'),
        pipeline=train_pipeline),
    dict(
        type='APT36KDataset',
        data_root=f'{data_root}/apt36k',
        ann_file='annotations/apt36k_train.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline),
    dict(
        type='CocoWholeBodyDataset',
        data_root=f'{data_root}/coco',
        ann_file='annotations/coco_wholebody_train_v1.0.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline),
]
val_datasets = [
    dict(
        type='CocoDataset',
        data_root=f'{data_root}/coco',
        ann_file='annotations/person_keypoints_val2017.json',
        bbox_file=coco_detections,
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline),
    dict(
        type='AicDataset',
        data_root=f'{data_root}/aic',
        ann_file='annotations/aic_val.json',
        data_prefix=dict(img='ai_challenger_keypoint_validation_20170911/'
                         'keypoint_validation_images_20170911/'),
        test_mode=True,
        pipeline=val_pipeline),
    dict(
        type='MpiiDataset',
        data_root=f'{data_root}/mpii',
        ann_file='annotations/mpii_val.json',
        headbox_file=f'{data_root}/mpii/annotations/mpii_gt_val.mat',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline),
    dict(
        type='AP10KDataset',
        data_root=f'{data_root}/ap10k',
        ann_file='annotations/ap10k-val-split1.json',
        data_prefix=dict(img='data/'),
        test_mode=True,
        pipeline=val_pipeline),
    dict(
        type='APT36KDataset',
        data_root=f'{data_root}/apt36k',
        ann_file='annotations/apt36k_val.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline),
    dict(
        type='CocoWholeBodyDataset',
        data_root=f'{data_root}/coco',
        ann_file='annotations/coco_wholebody_val_v1.0.json',
        bbox_file=coco_detections,
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline),
]

# AP-10K and APT-36K have a split for tests.
test_datasets = [
    *val_datasets[:3],
    dict(val_datasets[3], ann_file='annotations/ap10k-test-split1.json'),
    dict(val_datasets[4], ann_file='annotations/apt36k_test.json'),
    val_datasets[5]
]

train_dataloader = dict(
    batch_size=128,
    num_workers=4,
    persistent_workers=True,
    # Proportional to the sizes of the datasets. The seed is stated so that a
    # resumed run goes on with the same order.
    sampler=dict(type='MultiDatasetSampler', seed=0),
    dataset=dict(
        type='JointDataset',
        pipeline=[dict(type='ChooseLeaf')],
        datasets=train_datasets))
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='JointDataset',
        pipeline=[dict(type='ChooseLeaf')],
        datasets=val_datasets))
test_dataloader = dict(
    val_dataloader,
    dataset=dict(
        type='JointDataset',
        pipeline=[dict(type='ChooseLeaf')],
        datasets=test_datasets))

# In the order of the datasets, whose annotation files CocoMetric finds itself.
metrics = [
    dict(type='CocoMetric'),
    dict(type='CocoMetric', use_area=False),
    dict(type='MpiiPCKAccuracy'),
    dict(type='CocoMetric'),
    dict(type='CocoMetric'),
    dict(type='CocoWholeBodyMetric'),
]
val_evaluator = dict(
    type='JointEvaluator', datasets=val_datasets, metrics=metrics)
test_evaluator = dict(
    type='JointEvaluator', datasets=test_datasets, metrics=metrics)

default_hooks = dict(
    checkpoint=dict(save_best='coco/AP', rule='greater', max_keep_ckpts=1))
auto_scale_lr = dict(base_batch_size=1024)
visualizer = dict(type='JointVisualizer')
