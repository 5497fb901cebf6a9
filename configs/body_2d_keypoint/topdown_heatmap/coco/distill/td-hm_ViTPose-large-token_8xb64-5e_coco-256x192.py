# Stage one of token distillation: the token of a frozen ViTPose-L.
_base_ = ['../td-hm_ViTPose-large_8xb64-210e_coco-256x192.py']

model = dict(
    type='KnowledgeTokenLearner',
    backbone=dict(num_knowledge_tokens=1, init_cfg=None))

train_cfg = dict(max_epochs=5, val_interval=5)
param_scheduler = [
    dict(
        type='LinearLR', begin=0, end=500, start_factor=0.001,
        by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=5,
        by_epoch=True,
        convert_to_iter_based=True),
]
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='TokenLearnHook',
        teacher='{{ fileDirname }}/../'
        'td-hm_ViTPose-large_8xb64-210e_coco-256x192.py',
        teacher_checkpoint='https://download.openmmlab.com/mmpose/v1/'
        'body_2d_keypoint/topdown_heatmap/coco/'
        'td-hm_ViTPose-large_8xb64-210e_coco-256x192-53609f55_20230314.pth'),
]
