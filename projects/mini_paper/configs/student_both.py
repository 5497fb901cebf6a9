_base_ = ['./student_token.py']

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='OutputDistillHook',
        teacher='{{ fileDirname }}/teacher.py',
        teacher_checkpoint=''),
]
