_base_ = ['./td-hm_ViTPose-base-token-from-large_8xb64-210e_coco-256x192.py']

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='OutputDistillHook',
        teacher='{{ fileDirname }}/../'
        'td-hm_ViTPose-large_8xb64-210e_coco-256x192.py',
        teacher_checkpoint='https://download.openmmlab.com/mmpose/v1/'
        'body_2d_keypoint/topdown_heatmap/coco/'
        'td-hm_ViTPose-large_8xb64-210e_coco-256x192-53609f55_20230314.pth'),
]
