_base_ = [
    '../_base_/models/vitpose_ae_tiny.py',
    '../_base_/datasets/crowd_bottomup_256x256.py',
]

# Larger weights than usual: with small ones the gradients of tags that are all
# equal, as they are at first, drown in AdamW's epsilon and weight decay.
model = dict(
    head=dict(
        num_keypoints=17,
        keypoint_loss=dict(
            type='KeypointMSELoss', use_target_weight=True, loss_weight=20.),
        tag_loss=dict(loss_weight=0.01, push_loss_factor=2.),
        decoder=_base_.codec))

train_cfg = dict(max_epochs=4, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=4,
        by_epoch=True,
        convert_to_iter_based=True),
]
