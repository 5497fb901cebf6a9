_base_ = ['./coco_256x192.py']

dataset_type = 'CrowdPoseDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/crowdpose"""

# 14 keypoints: 7 are enough to take half of the body.
train_pipeline = [
    *_base_.train_pipeline[:4],
    dict(type='ViTPoseHalfBody', min_total_keypoints=7),
    *_base_.train_pipeline[-4:]
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
        bbox_file=f'{data_root}/annotations/det_for_crowd_test_0.1_0.5.json',
        data_prefix=dict(img='images/')))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=f'{data_root}/annotations/mmpose_crowdpose_test.json',
    use_area=False,
    iou_type='keypoints_crowd',
    prefix='crowdpose')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP'))
