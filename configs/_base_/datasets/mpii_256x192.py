_base_ = ['./coco_256x192.py']

dataset_type = 'MpiiDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/mpii"""

# Boxes are annotated as centre and scale, which the recipe does not shift.
train_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    *_base_.train_pipeline[-4:]
]

train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mpii_train.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/mpii_val.json',
        bbox_file=None,
        headbox_file=f'{data_root}/annotations/mpii_gt_val.mat',
        data_prefix=dict(img='images/')))
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type='MpiiPCKAccuracy', prefix='mpii')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(save_best='mpii/PCK'))
