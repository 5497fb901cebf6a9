_base_ = ['./ae_ViTPose-base_8xb24-300e_coco-640x640.py']

model = dict(
    backbone=dict(
        attention=dict(window_size=(8, 8), shift=True, pooling=True)))
