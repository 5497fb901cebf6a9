# SimpleBaseline (arXiv 1804.06208) of MMPose, as a student of a ViTPose. Its
# targets are UDP's, like the teacher's.
custom_imports = dict(imports=['vitpose_mm'], allow_failed_imports=False)

model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    head=dict(
        type='HeatmapHead',
        in_channels=2048,
        loss=dict(type='KeypointMSELoss', use_target_weight=True)),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=False))

optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-4))
