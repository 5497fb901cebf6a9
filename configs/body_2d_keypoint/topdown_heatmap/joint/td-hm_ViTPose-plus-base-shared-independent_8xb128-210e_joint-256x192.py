_base_ = ['./td-hm_ViTPose-plus-base_8xb128-210e_joint-256x192.py']

model = dict(backbone=dict(ffn='shared_independent'))
