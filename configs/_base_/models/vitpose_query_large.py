_base_ = ['./vitpose_query_base.py']

model = dict(
    backbone=dict(
        arch='large',
        attention=dict(full_attention_blocks=(5, 11, 17, 23)),
        drop_path_rate=0.5,
        init_cfg=dict(
            checkpoint='https://download.openmmlab.com/mmpose/v1/'
            'pretrained_models/mae_pretrain_vit_large_20230913.pth')),
    neck=dict(in_channels=1024))
optim_wrapper = dict(paramwise_cfg=dict(backbone_lr_mult=0.05))
