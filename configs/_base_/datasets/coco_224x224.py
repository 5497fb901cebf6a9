_base_ = ['./coco_256x192.py']

codec = dict(
    type='UDPHeatmap', input_size=(224, 224), heatmap_size=(56, 56), sigma=2)

affine = dict(
    type='TopdownAffine', input_size=codec['input_size'], use_udp=True)
train_pipeline = [
    *_base_.train_pipeline[:-3], affine,
    dict(type='GenerateTarget', encoder=codec), _base_.train_pipeline[-1]
]
val_pipeline = [
    *_base_.val_pipeline[:-2], affine, _base_.val_pipeline[-1]
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
