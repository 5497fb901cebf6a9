_base_ = ['./ae_ViTPose-large_8xb24-300e_coco-512x512.py']

model = dict(
    backbone=dict(
        attention=dict(window_size=(8, 8), shift=True, pooling=True)))
