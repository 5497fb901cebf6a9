_base_ = ['./coco_256x192.py']

dataset_type = 'AP10KDataset'
data_root = r"""{{$VITPOSE_DATA:data}}/ap10k"""
val_ann_file = 'annotations/ap10k-val-split1.json'
test_ann_file = 'annotations/ap10k-test-split1.json'

train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/ap10k-train-split1.json',
        data_prefix=dict(img='data/')))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_ann_file,
        bbox_file=None,
        data_prefix=dict(img='data/')))
test_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_ann_file,
        bbox_file=None,
        data_prefix=dict(img='data/')))

val_evaluator = dict(ann_file=f'{data_root}/{val_ann_file}', prefix='ap10k')
test_evaluator = dict(ann_file=f'{data_root}/{test_ann_file}', prefix='ap10k')

default_hooks = dict(checkpoint=dict(save_best='ap10k/AP'))
