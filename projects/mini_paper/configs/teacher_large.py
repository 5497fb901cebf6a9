# Wider and deeper than teacher.py.
_base_ = ['./teacher.py']

model = dict(
    backbone=dict(arch=dict(embed_dim=128, depth=8)),
    head=dict(in_channels=128))
