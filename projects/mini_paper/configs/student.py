_base_ = ['./person.py']

model = dict(
    backbone=dict(arch=dict(embed_dim=32, depth=3, num_heads=2)),
    head=dict(in_channels=32))
