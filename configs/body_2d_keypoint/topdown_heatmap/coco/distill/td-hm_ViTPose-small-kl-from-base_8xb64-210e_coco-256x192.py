# Another loss than the paper's, and a teacher in half precision.
_base_ = ['../td-hm_ViTPose-small_8xb64-210e_coco-256x192.py']

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='OutputDistillHook',
        teacher='{{ fileDirname }}/../'
        'td-hm_ViTPose-base_8xb64-210e_coco-256x192.py',
        teacher_checkpoint='https://download.openmmlab.com/mmpose/v1/'
        'body_2d_keypoint/topdown_heatmap/coco/'
        'td-hm_ViTPose-base_8xb64-210e_coco-256x192-216eae50_20230314.pth',
        teacher_dtype='bfloat16',
        loss=dict(type='HeatmapKLLoss', temperature=0.1)),
]
