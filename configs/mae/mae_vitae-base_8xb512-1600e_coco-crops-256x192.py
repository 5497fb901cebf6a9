_base_ = ['./mae_vit-base_8xb512-1600e_coco-crops-256x192.py']

model = dict(backbone=dict(type='RectangularMAEViTAE'))
