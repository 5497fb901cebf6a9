_base_ = ['./td-hm_ViTPose-giant_64xb8-210e_coco-576x432.py']

# Weights, gradients and averages in parts on all GPUs: docs/scale_out.md.
strategy = dict(type='ShardedStrategy')
