# The teacher is wider: its token is projected, and learns.
_base_ = ['./student.py']

model = dict(
    backbone=dict(num_knowledge_tokens=1, train_knowledge_token=True))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='TokenDistillHook', token=''),
]
