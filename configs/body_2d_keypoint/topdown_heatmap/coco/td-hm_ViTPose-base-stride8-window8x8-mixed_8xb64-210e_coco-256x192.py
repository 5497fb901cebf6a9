_base_ = ['./td-hm_ViTPose-base-stride8-window8x8_8xb64-210e_coco-256x192.py']

# Every third block sees all patches, as in ViTDet.
model = dict(
    backbone=dict(attention=dict(full_attention_blocks=(2, 5, 8, 11))))
