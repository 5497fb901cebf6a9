# Learns a handful of real COCO people by heart: the shortest proof that
# images, annotations, targets, network, decoding and metric of an
# installation agree.
_base_ = [
    '../_base_/models/vitpose_tiny.py',
    '../_base_/datasets/synth_128x96.py',
]

model = dict(
    head=dict(out_channels=17, decoder=_base_.codec),
    test_cfg=dict(flip_test=False))

train_cfg = dict(max_epochs=150, val_interval=50)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=20, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=20, end=150, by_epoch=True),
]

data_root = r"""{{$VITPOSE_DATA:data}}/coco"""
ann_file = 'test_coco.json'
train_dataloader = dict(
    batch_size=12,
    dataset=dict(
        data_root=data_root,
        ann_file=ann_file,
        data_prefix=dict(img=''),
        # No augmentation: each epoch shows the same crops.
        pipeline=[
            *_base_.val_pipeline[:-1],
            dict(type='GenerateTarget', encoder=_base_.codec),
            dict(type='PackPoseInputs'),
        ]))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file=ann_file, data_prefix=dict(img='')))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=f'{data_root}/{ann_file}')
test_evaluator = val_evaluator
