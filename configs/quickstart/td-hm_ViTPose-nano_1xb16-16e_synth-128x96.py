# The student of docs/distillation.md: 0.13 M parameters and 400 drawn people.
_base_ = ['./td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py']

model = dict(
    backbone=dict(
        arch=dict(embed_dim=64, depth=2, num_heads=2, mlp_ratio=2)),
    head=dict(in_channels=64, deconv_out_channels=(32, )))

train_cfg = dict(max_epochs=16, val_interval=16)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=16,
        by_epoch=True,
        convert_to_iter_based=True),
]
train_dataloader = dict(dataset=dict(indices=400))
