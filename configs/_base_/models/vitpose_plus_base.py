_base_ = ['./vitpose_multi_base.py']

model = dict(backbone=dict(type='ViTMoE', num_experts=6))
