_base_ = ['./td-hm_ViTPose-base-stride8_8xb64-210e_coco-256x192.py']

model = dict(
    backbone=dict(attention=dict(window_size=(8, 8), rel_pos=True)))
