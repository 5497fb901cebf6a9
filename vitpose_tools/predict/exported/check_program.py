# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What torch.export.load may be given.

It trusts its file: it unpickles, evaluates expressions and guards as Python,
resolves dotted names below `torch`, and writes names into Python source. So a
file is read here first, and let through only if it has none of these to
offer: raw tensors, an arithmetic expression of sizes, and calls of operators
on a list. Whatever a newer PyTorch may add is refused until it is known.
"""
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from vitpose_mm.checkpoints.bounds import check_unpacked
from .card import KEY, ExportError

# Below the one folder of the archive.
RAW = re.compile(r'data/(weights/weight|constants/tensor)_\d+|archive_format'
                 r'|archive_version|byteorder|\.data/\w+|version'
                 rf'|\.format_version|\.storage_alignment|extra/{KEY}')
GRAPH = 'models/model.json'
TENSORS = ('data/weights/model_weights_config.json',
           'data/constants/model_constants_config.json')
SAMPLE = 'data/sample_inputs/model.pt'

KEYS = {'graph_module', 'opset_version', 'range_constraints',
        'schema_version', 'verifiers', 'torch_version', 'guards_code'}
PLAIN = re.compile(r'[\w.+-]*')
SIZE = re.compile(
    r"(Mul|Add|Mod|FloorDiv|Integer|Symbol|'s\d+'|positive=True"
    r'|integer=True|-?\d+|[(), ])*')
TREES = {None, 'builtins.tuple', 'builtins.list', 'builtins.dict'}
OPERATOR = re.compile(
    r'_operator\.(add|sub|mul|floordiv|mod|neg|getitem|eq|ge|le|gt|lt)'
    r'|torch\.ops\.aten\.(\w+)\.\w+')
# What computes, and nothing that reads, writes or calls.
ATEN = set('''
__and__ __iand__ __ior__ __or__ _assert_scalar _assert_tensor_metadata _to_copy
_unsafe_view adaptive_avg_pool2d add add_ addmm alias amax amin arange argmax
avg_pool2d batch_norm bitwise_and bitwise_or bmm cat chunk clamp clone
constant_pad_nd contiguous conv2d conv_transpose2d convolution copy copy_
detach detach_ div div_ dropout einsum empty eq exp expand fill_ flatten flip
floor_divide full full_like gather ge gelu gt index index_put index_select
isfinite layer_norm le lift_fresh_copy linear log logical_and logical_not lt
masked_fill masked_fill_ matmul max max_pool2d maximum mean mm movedim mul
mul_ nan_to_num narrow native_layer_norm ne neg new_ones new_zeros numpy_T
ones ones_like pad permute pow reciprocal relu relu_ remainder repeat reshape
roll rsqrt rsub scalar_tensor scaled_dot_product_attention select sigmoid silu
silu_ slice slice_scatter softmax split split_with_sizes sqrt squeeze stack
sub sub_ sum swapaxes sym_numel sym_size sym_stride t tile to topk transpose
type_as unbind unflatten unsafe_chunk unsafe_split unsqueeze upsample_bicubic2d
upsample_bilinear2d view where zeros zeros_like
'''.split())


def read_program(path: Path) -> io.BytesIO:
    """Read a .pt2 file, unless it could run code.

    Returns:
        An archive of what was checked and of nothing else: two readers need
        not agree about a file that was made to confuse them.

    Raises:
        ExportError: If it is none, or holds what is not known to be harmless.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_unpacked(archive, path.stat().st_size)
            members = {name: archive.read(name)
                       for name in archive.namelist()}
        check_members(members)
        found = io.BytesIO()
        with zipfile.ZipFile(found, 'w') as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        found.seek(0)
        return found
    except ExportError as error:
        raise ExportError(
            f'{path} is refused, because PyTorch might run code of it: '
            f'{error}; export the model again with `vitpose-mm export`'
        ) from error
    except (zipfile.BadZipFile, ValueError, TypeError, LookupError,
            AttributeError, EOFError, RecursionError,
            NotImplementedError, RuntimeError) as error:
        raise ExportError(f'{path} is not a program of torch.export '
                          f'({type(error).__name__}: {error})') from error


def check_members(members: Dict[str, bytes]) -> None:
    """As read_program, of the content of the members by name."""
    parts = [name.split('/', 1) for name in members]
    if len({part[0] for part in parts}) != 1:
        raise ValueError('its members are not those of one folder')
    root = parts[0][0]
    names = [part[1] for part in parts]
    for name in names:
        if name not in (GRAPH, SAMPLE, *TENSORS) and not RAW.fullmatch(name):
            raise ExportError(f'it holds {name}')
    check_graph(json.loads(members[f'{root}/{GRAPH}']))
    for name in TENSORS:
        for tensor, entry in json.loads(
                members[f'{root}/{name}'])['config'].items():
            if entry['use_pickle'] is not False:
                raise ExportError(f'{tensor} is pickled')
            if not RAW.fullmatch(f'{name.rsplit("/", 1)[0]}/'
                                 f'{entry["path_name"]}'):
                raise ExportError(f'{tensor} is in {entry["path_name"]}')
    if SAMPLE in names:
        check_sample(members[f'{root}/{SAMPLE}'])


def check_sample(data: bytes) -> None:
    """PyTorch reads this without pickles first, and with them if that
    fails."""
    import torch
    try:
        torch.load(io.BytesIO(data), weights_only=True)
    except Exception as error:  # of whatever a file leads to
        raise ExportError('its sample inputs are not tensors') from error


def check_graph(content: dict) -> None:
    """As read_program, of the graph."""
    if content['guards_code'] or set(content) != KEYS:
        raise ExportError(f'guards_code {content["guards_code"]}, keys '
                          f'{sorted(content)}')
    for key, text in strings(content):
        if key in ('in_spec', 'out_spec'):
            check_tree(json.loads(text))
        elif key == 'target':
            found = OPERATOR.fullmatch(text)
            if not found or found[2] and found[2] not in ATEN:
                raise ExportError(f'it calls {text[:80]}')
        elif not (SIZE if key == 'expr_str' else PLAIN).fullmatch(text):
            raise ExportError(f'{key} is {text[:80]!r}')
        elif key == 'as_operator':
            raise ExportError(f'it passes {text[:80]} on')


def check_tree(spec: Any) -> None:
    """Refuse containers beyond the plain ones: others import modules."""
    for key, text in strings(spec):
        if key == 'type' and text not in TREES:
            raise ExportError(f'it takes or gives a {text[:80]}')
        if key != 'type' and not re.fullmatch(r'null|[\w\[\]", ]*', text):
            raise ExportError(f'{key} is {text[:80]!r}')


def strings(value: Any, key: str = '') -> Iterator[Tuple[str, str]]:
    """All texts of nested dicts and lists, keys too, each with its key."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield 'key', name
            yield from strings(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part, key)
    elif isinstance(value, str):
        yield key, value
