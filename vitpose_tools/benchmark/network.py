# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""How fast the network alone is, beside the same network of others."""
import math
from contextlib import nullcontext
from typing import Callable, ContextManager, List, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vitpose_mm.engine.hooks import CompileHook, HalfWeightsHook
from vitpose_mm.models.backbones.archs import parse_arch
from .measure import peak_memory, row, time_interleaved
from .networks import Network, build_network
from .recipes import Arch, Size

# A product for the peak has so many rows at least, and a timed run so many
# operations: less would measure the start of kernels.
ROWS = dict(cpu=1536, cuda=16384)
FLOPS = dict(cpu=6e10, cuda=2e13)
# A CPU without units for half precision computes it at a tenth of the speed.
FLOPS_HALF_ON_CPU = 4e9


def benchmark_network(names: Sequence[str], arch: Arch,
                      size: Size, batch: int, dtype: str,
                      device: str, rounds: int,
                      compiled: bool = False) -> List[dict]:
    """Time one forward of each implementation, and of a plain matmul.

    Args:
        names: Of networks.PACKAGES.
        arch: Of ViT, a name or its numbers.
        size: (h, w) of the crops in pixels.
        batch: Crops per forward.
        dtype: float32, or one for autocast; this project then runs under
            HalfWeightsHook.
        device: Where.
        rounds: Timed runs of each.
        compiled: Whether to add this project's network under CompileHook.

    Returns:
        A row of results per implementation.
    """
    images = torch.randn(batch, 3, *size, device=device)
    networks = {name: build_network(name, arch, size)
                for name in names}
    if compiled:
        # Dynamo allows few networks of one class in a process.
        torch._dynamo.reset()
        network = build_network('vitpose_mm', arch, size)
        CompileHook().compile(network.model)
        networks['vitpose_mm compiled'] = network
    for name, network in networks.items():
        if name.startswith('vitpose_mm') and dtype != 'float32':
            network.model.test_cfg['amp_dtype'] = dtype
            HalfWeightsHook().cast(network.model)
    runs = {}
    for name, network in networks.items():
        network.model.eval().to(device)
        runs[name] = inference(network, images, dtype)
    flops = {name: count_flops(name.split()[0], arch, size)
             for name in networks}
    matmul, matmul_flops = matmul_run(batch, size, arch, dtype, device)
    timings = time_interleaved(
        dict(runs, matmul=matmul), rounds, warmup=2, device=device)
    peak = matmul_flops / timings.pop('matmul').median
    return [
        row(dict(
            work='network', implementation=name, device=device, arch=arch,
            size=size, batch=batch, dtype=dtype,
            parameters=sum(p.numel()
                           for p in networks[name].model.parameters()),
            flops_per_crop=flops[name], matmul_peak_flops=peak,
            share_of_peak=flops[name] * batch / timing.median / peak,
            peak_memory_bytes=peak_memory(runs[name], device)),
            timing, batch) for name, timing in timings.items()
    ]


def autocast(device: str, dtype: str) -> ContextManager:
    """Autocast to a dtype, or nothing for float32."""
    if dtype == 'float32':
        return nullcontext()
    return torch.autocast(torch.device(device).type, getattr(torch, dtype))


def inference(network: Network, images: Tensor,
              dtype: str) -> Callable[[], Tensor]:
    """What to time: a forward without gradients."""

    @torch.no_grad()
    def run() -> Tensor:
        with autocast(images.device, dtype):
            return network.forward(images)

    return run


def count_flops(name: str, arch: Arch, size: Size) -> int:
    """Floating-point operations of one crop; a multiply-add is two.

    Args:
        name, arch, size: As in build_network.
    """
    # The counter overlooks the fused attention of a CPU; on meta tensors
    # nothing is fused.
    with torch.device('meta'), torch.no_grad(), \
            FlopCounterMode(display=False) as counter:
        network = build_network(name, arch, size)
        network.model.eval()
        network.forward(torch.empty(1, 3, *size))
    return counter.get_total_flops()


def matmul_run(batch: int, size: Size, arch: Arch,
               dtype: str,
               device: str) -> Tuple[Callable[[], None], int]:
    """The largest matrix product of a block, which bounds a ViT's speed.

    With more rows than the batch has tokens where these are too few for full
    speed.

    Returns:
        What to time, and its floating-point operations.
    """
    rows = max(batch * (size[0] // 16) * (size[1] // 16), ROWS[device])
    embed_dim = parse_arch(arch).embed_dim
    flops = 2 * rows * 4 * embed_dim**2
    is_half = device == 'cpu' and dtype != 'float32'
    least = FLOPS_HALF_ON_CPU if is_half else FLOPS[device]
    repeats = math.ceil(least / flops)
    x = torch.randn(rows, embed_dim).to(device, getattr(torch, dtype))
    layer = nn.Linear(embed_dim, 4 * embed_dim, bias=False).to(x)

    @torch.no_grad()
    def run() -> None:
        for _ in range(repeats):
            layer(x)

    return run, repeats * flops
