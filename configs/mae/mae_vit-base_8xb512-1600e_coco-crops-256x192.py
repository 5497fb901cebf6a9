_base_ = [
    './_base_/mae_vit-base.py',
    './_base_/coco_crops_256x192.py',
    './_base_/mae_1600e.py',
]
