# Rows of tables fill in the teacher's checkpoint.
_base_ = ['./student.py']

custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='OutputDistillHook',
        teacher='{{ fileDirname }}/teacher.py',
        teacher_checkpoint=''),
]
