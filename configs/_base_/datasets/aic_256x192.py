_base_ = ['./coco_256x192.py']

dataset_type = 'AicDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/aic"""

train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/aic_train.json',
        data_prefix=dict(img='ai_challenger_keypoint_train_20170902/'
                         'keypoint_train_images_20170902/')))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/aic_val.json',
        bbox_file=None,
        data_prefix=dict(img='ai_challenger_keypoint_validation_20170911/'
                         'keypoint_validation_images_20170911/')))
test_dataloader = val_dataloader

# AIC annotates no areas.
val_evaluator = dict(
    ann_file=f'{data_root}/annotations/aic_val.json',
    use_area=False,
    prefix='aic')
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(save_best='aic/AP'))
