_base_ = ['./coco_256x192.py']

dataset_type = 'InterHand2DDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/interhand2.6m"""

# Boxes are tight around the joints, so the crop is 1.5 times as large.
train_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale', padding=1.5),
    dict(type='RandomFlip', direction='horizontal'),
    # Shifts by up to a fifth of the tight box, as for people.
    dict(
        type='ViTPoseBBoxTransform',
        shift_factor=0.2 / 1.5,
        scale_factor=(0.7, 1.3),
        rotate_factor=180.),
    *_base_.train_pipeline[-3:]
]
val_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale', padding=1.5), *_base_.val_pipeline[-2:]
]

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/all/InterHand2.6M_train_data.json',
        camera_file='annotations/all/InterHand2.6M_train_camera.json',
        joint_file='annotations/all/InterHand2.6M_train_joint_3d.json',
        data_prefix=dict(img='images/train/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/machine_annot/InterHand2.6M_val_data.json',
        camera_file='annotations/machine_annot/InterHand2.6M_val_camera.json',
        joint_file='annotations/machine_annot/InterHand2.6M_val_joint_3d.json',
        data_prefix=dict(img='images/val/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/all/InterHand2.6M_test_data.json',
        camera_file='annotations/all/InterHand2.6M_test_camera.json',
        joint_file='annotations/all/InterHand2.6M_test_joint_3d.json',
        data_prefix=dict(img='images/test/'),
        test_mode=True,
        pipeline=val_pipeline))

val_evaluator = [
    dict(type='PCKAccuracy', thr=0.2, prefix='interhand2d'),
    dict(type='AUC', prefix='interhand2d'),
    dict(type='EPE', prefix='interhand2d'),
]
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=60, val_interval=5)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(
        type='MultiStepLR',
        begin=0,
        end=60,
        milestones=[40, 50],
        gamma=0.1,
        by_epoch=True)
]

default_hooks = dict(checkpoint=dict(save_best='interhand2d/AUC'))
