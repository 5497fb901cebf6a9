# The same network, weights and keypoints, with everything around the network
# on the device or left out; docs/speed.md explains each line.
_base_ = ['./td-hm_ViTPose-base_8xb64-210e_coco-256x192.py']

codec = dict(
    type='BatchUDPHeatmap',
    input_size=(192, 256),
    heatmap_size=(48, 64),
    sigma=2)

model = dict(
    type='FastTopdownPoseEstimator',
    data_preprocessor=dict(type='HeatmapDataPreprocessor', codec=codec),
    head=dict(decoder=codec),
    train_cfg=dict(compute_acc=False))

train_dataloader = dict(
    collate_fn=dict(type='default_collate'),
    pin_memory=True,
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:-2],
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ]))
val_dataloader = dict(
    collate_fn=dict(type='default_collate'),
    pin_memory=True,
    dataset=dict(
        pipeline=[
            dict(type='LoadImageOnce'),
            *_base_.val_pipeline[1:],
        ]))
test_dataloader = val_dataloader
