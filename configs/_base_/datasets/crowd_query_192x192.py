_base_ = ['./crowd_bottomup_192x192.py']

label = dict(type='QueryPoseLabel', input_size=(192, 192))
codec = dict(_delete_=True, **label)

train_pipeline = [
    *_base_.train_pipeline[:2],
    dict(type='GenerateTarget', encoder=label),
    *_base_.train_pipeline[3:]
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
