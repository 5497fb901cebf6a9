_base_ = [
    '../../../../_base_/models/simplebaseline_res50.py',
    '../../../../_base_/datasets/coco_256x192.py',
]

model = dict(head=dict(out_channels=17, decoder=_base_.codec))

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='OutputDistillHook',
        teacher='{{ fileDirname }}/../'
        'td-hm_ViTPose-base_8xb64-210e_coco-256x192.py',
        teacher_checkpoint='https://download.openmmlab.com/mmpose/v1/'
        'body_2d_keypoint/topdown_heatmap/coco/'
        'td-hm_ViTPose-base_8xb64-210e_coco-256x192-216eae50_20230314.pth'),
]
