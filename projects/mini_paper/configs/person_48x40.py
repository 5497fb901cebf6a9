_base_ = ['./person.py']

codec = dict(
    input_size=(40, 48), heatmap_size=(10, 12), sigma=1.)
model = dict(
    data_preprocessor=dict(codec=codec),
    backbone=dict(img_size=(48, 40)),
    head=dict(decoder=codec))

resize = dict(_base_.train_pipeline[3], input_size=codec['input_size'])
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:3],
            resize,
            dict(type='GenerateTarget', encoder=dict(_base_.codec, **codec)),
            dict(type='PackPoseInputs'),
        ]))
val_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.val_pipeline[:2],
            resize,
            dict(type='PackPoseInputs'),
        ]))
test_dataloader = val_dataloader
