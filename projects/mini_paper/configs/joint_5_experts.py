# ViTPose+: an expert for each kind.
_base_ = ['./joint_5.py']

model = dict(backbone=dict(type='ViTMoE', num_experts=5))
