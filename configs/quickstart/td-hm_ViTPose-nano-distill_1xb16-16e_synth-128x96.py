# The same student with the quickstart's model as its teacher.
_base_ = ['./td-hm_ViTPose-nano_1xb16-16e_synth-128x96.py']

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='OutputDistillHook',
        teacher='{{ fileDirname }}/'
        'td-hm_ViTPose-tiny_1xb16-7e_synth-128x96.py',
        teacher_checkpoint='work_dirs/quickstart/epoch_7.pth',
        loss_weight=4.),
]
