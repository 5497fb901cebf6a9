# OCHuman is there to be tested on: models for it train on COCO.
_base_ = ['./coco_256x192.py']

dataset_type = 'OCHumanDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/ochuman"""
val_ann_file = 'annotations/ochuman_coco_format_val_range_0.00_1.00.json'
test_ann_file = 'annotations/ochuman_coco_format_test_range_0.00_1.00.json'

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

val_evaluator = dict(ann_file=f'{data_root}/{val_ann_file}', prefix='ochuman')
test_evaluator = dict(
    ann_file=f'{data_root}/{test_ann_file}', prefix='ochuman')

default_hooks = dict(checkpoint=dict(save_best='ochuman/AP'))
