# Whole frames of a real mouse, 72 to train and 18 to test, as mouse.py splits
# them; crops of 80x80 instead of 64x48, for as many steps as 10 epochs of 640
# bodies have.
_base_ = ['./_base_/vitpose_mini.py', './_base_/drawn_64x48.py']

codec = dict(
    type='BatchUDPHeatmap',
    input_size=(80, 80),
    heatmap_size=(20, 20),
    sigma=1.,
    blur_kernel_size=3)

model = dict(
    data_preprocessor=dict(codec=codec),
    backbone=dict(img_size=(80, 80)),
    head=dict(out_channels=17, decoder=codec))

# The boxes are the frames.
frame = dict(type='GetBBoxCenterScale', padding=1.)
affine = dict(_base_.train_pipeline[3], input_size=codec['input_size'])
dataset = dict(
    type='CocoDataset',
    metainfo=dict(from_file=f'{_base_.data_root}/mouse_metainfo.py'),
    data_root=f'{_base_.data_root}/mouse',
    data_prefix=dict(img='images/'))
train_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='train.json',
        pipeline=[
            _base_.train_pipeline[0],
            frame,
            _base_.train_pipeline[2],
            affine,
            dict(_base_.train_pipeline[4], encoder=codec),
            _base_.train_pipeline[5],
        ]))
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='val.json',
        test_mode=True,
        pipeline=[
            _base_.val_pipeline[0], frame, affine, _base_.val_pipeline[3]
        ]))
test_dataloader = dict(_base_.val_dataloader, **val_dataloader)
val_evaluator = dict(type='EPE')
test_evaluator = val_evaluator

# 4 steps each.
train_cfg = dict(max_epochs=100, val_interval=100)
param_scheduler = [
    dict(_base_.param_scheduler[0], end=40),
    dict(_base_.param_scheduler[1], end=100),
]
default_hooks = dict(checkpoint=dict(interval=100))
