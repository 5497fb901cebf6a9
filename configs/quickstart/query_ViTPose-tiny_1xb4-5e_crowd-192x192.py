_base_ = [
    '../_base_/models/vitpose_query_tiny.py',
    '../_base_/datasets/crowd_query_192x192.py',
]

# What the quickstart leaves behind: the backbone, and the deconvolutions of
# its head, which make the finest map.
load_from = 'work_dirs/quickstart/epoch_7.pth'

model = dict(
    neck=dict(
        finest=dict(
            type='HeatmapHead',
            in_channels=128,
            out_channels=17,
            deconv_out_channels=(64, ),
            deconv_kernel_sizes=(4, ),
            final_layer=None,
            init_cfg=dict(
                type='Pretrained', checkpoint=load_from, prefix='head.'))),
    head=dict(
        num_keypoints=17,
        strides=(4, 8, 16),
        num_noised=12,
        decoder=_base_.codec))

train_cfg = dict(max_epochs=5, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=5,
        by_epoch=True,
        convert_to_iter_based=True),
]
