# The joint sets as the published models were trained: UDP for COCO and MPII,
# a plain warp and plain Gaussians for the others.
_base_ = ['./joint_256x192.py']

plain_codec = dict(
    type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
# In the order of the datasets.
codecs = dict(
    coco=_base_.codec,
    aic=plain_codec,
    mpii=_base_.codec,
    ap10k=plain_codec,
    apt36k=plain_codec,
    coco_wholebody=plain_codec)

plain_affine = dict(
    type='TopdownAffine', input_size=plain_codec['input_size'])
plain_train_pipeline = [
    *_base_.train_pipeline[:-3], plain_affine,
    dict(type='GenerateTarget', encoder=plain_codec),
    dict(type='PackPoseInputs')
]
plain_val_pipeline = [
    *_base_.val_pipeline[:-2], plain_affine,
    dict(type='PackPoseInputs')
]

train_datasets = [
    dict(dataset, pipeline=plain_train_pipeline)
    if codec is plain_codec else dataset
    for dataset, codec in zip(_base_.train_datasets, codecs.values())
]
val_datasets = [
    dict(dataset, pipeline=plain_val_pipeline)
    if codec is plain_codec else dataset
    for dataset, codec in zip(_base_.val_datasets, codecs.values())
]
test_datasets = [
    dict(dataset, pipeline=plain_val_pipeline)
    if codec is plain_codec else dataset
    for dataset, codec in zip(_base_.test_datasets, codecs.values())
]
train_dataloader = dict(dataset=dict(datasets=train_datasets))
val_dataloader = dict(dataset=dict(datasets=val_datasets))
test_dataloader = dict(dataset=dict(datasets=test_datasets))
