# ViTPose-G. The backbone is a ViTAE whose numbers are not published: those of
# arch 'giant' are ours, and there are no pre-trained weights to start from.
# Its blocks are recomputed in the backward pass to save memory.
_base_ = ['./vitpose_base.py']

model = dict(
    backbone=dict(
        type='ViTAE',
        arch='giant',
        drop_path_rate=0.55,
        with_cp=True,
        init_cfg=None),
    head=dict(in_channels=1408))
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.85))
