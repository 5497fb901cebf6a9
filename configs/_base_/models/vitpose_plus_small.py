_base_ = ['./vitpose_plus_base.py']

model = dict(
    backbone=dict(
        arch='small',
        drop_path_rate=0.1,
        init_cfg=dict(
            checkpoint='https://download.openmmlab.com/mmpose/v1/'
            'pretrained_models/mae_pretrain_vit_small_20230913.pth')),
    heads={name: dict(in_channels=384)
           for name in _base_.model.heads})
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.8))
