_base_ = ['./td-hm_ViTPose-base_8xb64-210e_coco-256x192.py']

model = dict(backbone=dict(freeze=('ffn', )))
