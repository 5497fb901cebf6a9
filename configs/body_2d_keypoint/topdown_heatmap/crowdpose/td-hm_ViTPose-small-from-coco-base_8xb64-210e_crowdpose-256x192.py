# A teacher of COCO's keypoints for those twelve that both datasets have.
_base_ = ['./td-hm_ViTPose-small_8xb64-210e_crowdpose-256x192.py']

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='OutputDistillHook',
        teacher='{{ fileDirname }}/../coco/'
        'td-hm_ViTPose-base_8xb64-210e_coco-256x192.py',
        teacher_checkpoint='https://download.openmmlab.com/mmpose/v1/'
        'body_2d_keypoint/topdown_heatmap/coco/'
        'td-hm_ViTPose-base_8xb64-210e_coco-256x192-216eae50_20230314.pth',
        # Shoulders to ankles; CrowdPose has no face, COCO no head.
        keypoint_map=[(5 + i, i) for i in range(12)]),
]
