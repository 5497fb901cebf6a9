# Some 500,000 people.
_base_ = ['./mae_vit-base_8xb512-1600e_coco-crops-256x192.py']

coco = _base_.train_dataloader.dataset
aic = dict(
    type='PersonCropDataset',
    data_root=r"""{{$VITPOSE_DATA:data}}/aic""",
    ann_file='annotations/aic_train.json',
    data_prefix=dict(img_path='ai_challenger_keypoint_train_20170902/'
                     'keypoint_train_images_20170902/'),
    scale=1.25,
    min_size=16,
    pipeline=_base_.train_pipeline)
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=[coco, aic]))
