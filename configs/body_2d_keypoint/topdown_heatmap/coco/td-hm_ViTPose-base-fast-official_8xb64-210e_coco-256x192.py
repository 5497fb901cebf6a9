# Heatmaps are decoded as by the official code, for numbers that were published
# with it; docs/speed.md.
_base_ = ['./td-hm_ViTPose-base-fast_8xb64-210e_coco-256x192.py']

model = dict(head=dict(decoder=dict(numerics='official')))
