_base_ = ['./coco_256x192.py']

dataset_type = 'APT36KDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/apt36k"""
val_ann_file = 'annotations/apt36k_val.json'
test_ann_file = 'annotations/apt36k_test.json'

train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/apt36k_train.json',
        data_prefix=dict(img='images/')))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_ann_file,
        bbox_file=None,
        data_prefix=dict(img='images/')))
test_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_ann_file,
        bbox_file=None,
        data_prefix=dict(img='images/')))

val_evaluator = dict(ann_file=f'{data_root}/{val_ann_file}', prefix='apt36k')
test_evaluator = dict(ann_file=f'{data_root}/{test_ann_file}', prefix='apt36k')

default_hooks = dict(checkpoint=dict(save_best='apt36k/AP'))
