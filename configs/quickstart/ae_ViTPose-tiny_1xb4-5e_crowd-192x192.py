_base_ = [
    '../_base_/models/vitpose_ae_tiny.py',
    '../_base_/datasets/crowd_bottomup_192x192.py',
]

# Larger weights than usual: with small ones the gradients of tags that are all
# equal, as they are at first, drown in AdamW's epsilon and weight decay.
model = dict(
    head=dict(
        num_keypoints=17,
        keypoint_loss=dict(type='KeypointMSELoss', loss_weight=20.),
        tag_loss=dict(loss_weight=0.04, push_loss_factor=2.),
        decoder=_base_.codec))
optim_wrapper = dict(optimizer=dict(lr=2e-3))

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
