_base_ = ['./td-hm_ViTPose-plus-base_8xb128-210e_joint-256x192.py']

# A small dataset counts as much as a large one.
model = dict(loss_weights={name: 1. for name in _base_.model.heads})
