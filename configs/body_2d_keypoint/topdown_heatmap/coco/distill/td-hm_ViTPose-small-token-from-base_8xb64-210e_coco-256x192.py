_base_ = ['../td-hm_ViTPose-small_8xb64-210e_coco-256x192.py']

# The teacher is wider: its token is projected, and learns.
model = dict(
    backbone=dict(num_knowledge_tokens=1, train_knowledge_token=True))

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='TokenDistillHook',
        token='work_dirs/td-hm_ViTPose-base-token_8xb64-5e_coco-256x192/'
        'knowledge_token.safetensors'),
]
