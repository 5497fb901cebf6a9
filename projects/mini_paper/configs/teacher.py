# Wider and deeper than the students it teaches.
_base_ = ['./person.py']

model = dict(
    backbone=dict(arch=dict(embed_dim=96, depth=6)),
    head=dict(in_channels=96))
