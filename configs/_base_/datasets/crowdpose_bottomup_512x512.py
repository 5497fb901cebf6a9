_base_ = ['./coco_bottomup_512x512.py']

dataset_type = 'CrowdPoseDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/crowdpose"""

codec = dict(
    # From head and neck over the trunk to the limbs.
    decode_keypoint_order=[12, 13, 0, 1, 6, 7, 2, 3, 4, 5, 8, 9, 10, 11])

train_pipeline = [
    *_base_.train_pipeline[:3],
    dict(type='GenerateTarget', encoder={**_base_.codec, **codec}),
    *_base_.train_pipeline[-2:]
]

train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mmpose_crowdpose_trainval.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mmpose_crowdpose_test.json',
        data_prefix=dict(img='images/')))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=f'{data_root}/annotations/mmpose_crowdpose_test.json',
    use_area=False,
    iou_type='keypoints_crowd',
    prefix='crowdpose')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP'))
