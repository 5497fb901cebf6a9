# MAE on the frames of a clip, for the encoder of mouse.py.
_base_ = ['./mae.py']

img_size = (80, 80)
model = dict(
    backbone=dict(img_size=img_size),
    neck=dict(img_size=img_size),
    head=dict(img_size=img_size))

train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        _delete_=True,
        type='CustomDataset',
        data_root=r"""{{$VITPOSE_DATA:data}}/mini_paper/mouse_clip""",
        with_label=False,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='RandomResizedCrop',
                scale=img_size,
                crop_ratio_range=(0.3, 1.0),
                backend='pillow',
                interpolation='bicubic'),
            dict(type='PackInputs')
        ]))

train_cfg = dict(max_epochs=20)
param_scheduler = [dict(_base_.param_scheduler[0], end=20)]
default_hooks = dict(checkpoint=dict(interval=20))
