# All that a resumed run must continue, on a handful of real samples: several
# datasets with quotas, experts, random transforms in loader workers, drop
# path, a distilled teacher, and an average of the weights. (MMEngine has mixed
# precision on GPUs only.)
_base_ = ['../../configs/quickstart/'
          'td-hm_ViTPose-plus-tiny_1xb20-150e_joint-overfit-128x96.py']

model = dict(backbone=dict(drop_path_rate=0.1))

train_cfg = dict(max_epochs=8, val_interval=2)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=6, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=2, end=8, by_epoch=True),
]

random_pipeline = [
    dict(type='LoadCheckedImage'),
    dict(type='GetBBoxCenterScale', padding=1.5),
    dict(type='ViTPoseBBoxTransform', scale_prob=0., rotate_prob=0.),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='ViTPoseBBoxTransform', shift_prob=0.),
    *_base_.train_pipeline[2:],
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(temperature=2.),
    dataset=dict(datasets=[
        dict(dataset, pipeline=random_pipeline)
        for dataset in _base_.train_datasets
    ]))

# kill.py makes the weights of the teacher, which need not be good ones.
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='EMAHook', momentum=0.1),
    dict(
        type='OutputDistillHook',
        teacher='configs/quickstart/'
        'td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py',
        teacher_checkpoint='{{$TEACHER:teacher.pth}}',
        dataset='coco'),
]
default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=2), logger=dict(interval=1))
randomness = dict(seed=11)
