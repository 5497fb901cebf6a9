_base_ = [
    './td-hm_ViTPose-base-stride8-window8x8-shift'
    '_8xb64-210e_coco-256x192.py'
]

model = dict(backbone=dict(attention=dict(pooling=True)))
