_base_ = ['./vitpose_query_base.py']

model = dict(
    backbone=dict(
        arch='small',
        drop_path_rate=0.1,
        init_cfg=dict(
            checkpoint='https://download.openmmlab.com/mmpose/v1/'
            'pretrained_models/mae_pretrain_vit_small_20230913.pth')),
    neck=dict(in_channels=384))
