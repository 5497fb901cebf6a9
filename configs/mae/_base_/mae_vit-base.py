# Encoder, decoder and loss of MAE (arXiv 2111.06377) for a crop of 256x192.
custom_imports = dict(
    imports=['vitpose_mm.pretraining'], allow_failed_imports=False)

img_size = (256, 192)
model = dict(
    type='MAE',
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='RectangularMAEViT',
        arch='base',
        img_size=img_size,
        mask_ratio=0.75),
    neck=dict(type='RectangularMAEDecoder', embed_dim=768, img_size=img_size),
    head=dict(
        type='RectangularMAEHead',
        norm_pix=True,
        img_size=img_size,
        loss=dict(type='PixelReconstructionLoss', criterion='L2')),
    init_cfg=[
        dict(type='Xavier', layer='Linear', distribution='uniform'),
        dict(type='Constant', layer='LayerNorm', val=1., bias=0.)
    ])
