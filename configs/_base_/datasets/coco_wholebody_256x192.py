# The images and detections of COCO, with 133 keypoints.
_base_ = ['./coco_256x192.py']

dataset_type = 'CocoWholeBodyDataset'
val_ann_file = 'annotations/coco_wholebody_val_v1.0.json'

train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        ann_file='annotations/coco_wholebody_train_v1.0.json'))
val_dataloader = dict(dataset=dict(type=dataset_type, ann_file=val_ann_file))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoWholeBodyMetric',
    ann_file=f'{_base_.data_root}/{val_ann_file}',
    prefix='coco_wholebody')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(save_best='coco_wholebody/AP'))
