# Tests in bfloat16 with weights that are cast once, network and decoder
# compiled in training and tests; docs/speed.md.
_base_ = ['./td-hm_ViTPose-base-fast_8xb64-210e_coco-256x192.py']

model = dict(test_cfg=dict(amp_dtype='bfloat16'))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='HalfWeightsHook'),
    dict(type='CompileHook'),
]
