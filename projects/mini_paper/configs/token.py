# Stage one of token distillation: the token of the frozen teacher.
_base_ = ['./teacher.py']

model = dict(
    type='KnowledgeTokenLearner', backbone=dict(num_knowledge_tokens=1))
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='TokenLearnHook',
        teacher='{{ fileDirname }}/teacher.py',
        teacher_checkpoint=''),
]
