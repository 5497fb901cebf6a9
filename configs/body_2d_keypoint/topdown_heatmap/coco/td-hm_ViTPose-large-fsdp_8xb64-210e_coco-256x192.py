_base_ = ['./td-hm_ViTPose-large_8xb64-210e_coco-256x192.py']

# Weights, gradients and averages in parts on all GPUs: docs/scale_out.md.
strategy = dict(type='ShardedStrategy')
