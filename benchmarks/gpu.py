"""One script for a machine with a GPU: builds, checks, times operators, networks and training, in a short table.

    python benchmarks/gpu.py

It needs torch with CUDA, nvcc, CMake and pybind11 (OpenCV for the networks); torchvision is compared with where it is
there. Nothing is installed: the extension is built in a temporary folder.
"""

import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
LEVELS = [(64, 528, 960), (256, 264, 480), (512, 132, 240), (1024, 66, 120)]  # of a 1056x1920 frame
CALLS_A_LEVEL = 3
GROUPS = 8
GEOMETRY = [1, 1], [1, 1], [1, 1]
# Against float64 on the same rounded inputs; bfloat16's and float16's own rounding sets the others.
TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 3e-3, torch.float16: 1e-3}


def build() -> float:
    """Compiles the extension with CUDA and puts it in its place; returns seconds."""
    import pybind11

    start, folder = time.perf_counter(), Path(tempfile.mkdtemp(prefix="dvm-build-"))
    options = ["-DDVM_CUDA=ON", "-DCMAKE_CUDA_ARCHITECTURES=native", f"-DPython_EXECUTABLE={sys.executable}"]
    options.append(f"-Dpybind11_DIR={pybind11.get_cmake_dir()}")
    for command in (
        ["cmake", "-S", str(ROOT), "-B", str(folder), *options],
        ["cmake", "--build", str(folder), "--parallel"],
    ):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f"expected the extension to build, got:\n{run.stdout[-4000:]}\n{run.stderr[-4000:]}")
    path = folder / f"_C{sysconfig.get_config_var('EXT_SUFFIX')}"
    spec = importlib.util.spec_from_file_location("dvm_core._C", path)
    if spec is None or spec.loader is None:
        sys.exit(f"expected a module at {path}, got none")
    module = sys.modules["dvm_core._C"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.insert(0, str(ROOT))
    return time.perf_counter() - start


def use(name: str) -> str:
    """Kernels to run on from now on; the empty name stands for the fastest. Returns what runs."""
    from dvm_core.ops import _extension

    os.environ["DVM_KERNELS"] = name
    _extension.choice.cache_clear()
    return _extension.choice("cuda")


def all_kernels() -> list[str]:
    """What this GPU can run: columns multiplied by torch, and fused where it has tensor cores for bfloat16."""
    from dvm_core.ops import _extension

    names: list[str] = _extension.native().kernels("cuda")
    return names


def inputs(
    channels: int, height: int, width: int, dtype: torch.dtype = torch.float32, outputs: int = 0
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """x, raw map halves (offset, mask), weight and bias of a 3x3 convolution; the map stays float32."""
    torch.manual_seed(1)
    maps = (
        torch.randn(1, channels, height, width, device="cuda").to(dtype),
        torch.randn(1, 18 * GROUPS, height, width, device="cuda") * 2,
        torch.rand(1, 9 * GROUPS, height, width, device="cuda"),
    )
    x, offset, mask = (value.contiguous(memory_format=torch.channels_last) for value in maps)
    weight = torch.randn(outputs or channels, channels, 3, 3, device="cuda").to(dtype)
    return x, offset, mask, weight, torch.randn(outputs or channels, device="cuda").to(dtype)


def relative_error(got: Tensor, expected: Tensor) -> float:
    """||got - expected|| / ||expected||."""
    return float((got.detach().double() - expected.detach()).norm() / expected.detach().norm())


def check_deform_conv(dtype: torch.dtype) -> Iterator[tuple[str, float]]:
    """Output and every gradient against the reference in float64: fused sizes, and odd channels."""
    from dvm_core.ops import deform_conv2d, deform_conv_reference

    for channels, outputs in ((64, 64), (256, 200), (24, 7)):
        values = inputs(channels, 37, 41, dtype, outputs)
        leaves = [value.requires_grad_() for value in values]
        wide = [value.detach().double().requires_grad_() for value in values]
        out = deform_conv2d(*leaves, padding=1)
        expected = deform_conv_reference.forward(*wide[:4], *GEOMETRY) + wide[4].view(-1, 1, 1)
        grad = torch.randn_like(out)
        grads = torch.autograd.grad(out, leaves, grad)
        wanted = torch.autograd.grad(expected, wide, grad.double())
        yield f"deform_conv2d {channels}", relative_error(out, expected)
        for name, got, want in zip(("x", "offset", "mask", "weight", "bias"), grads, wanted, strict=True):
            yield f"deform_conv2d {channels} by {name}", relative_error(got, want)


def check_raw(dtype: torch.dtype) -> Iterator[tuple[str, float]]:
    """The raw map's split and sigmoid."""
    from dvm_core.ops import deform_conv2d_raw, deform_conv_reference

    x, offset, mask, weight, _ = inputs(64, 37, 41, dtype)
    raw = torch.cat([offset, mask * 8 - 4], 1)
    split = deform_conv_reference.split_raw(raw.double())
    expected = deform_conv_reference.forward(x.double(), *split, weight.double(), *GEOMETRY)
    yield "deform_conv2d_raw", relative_error(deform_conv2d_raw(x, raw, weight, padding=1), expected)


def check_correlation(dtype: torch.dtype) -> Iterator[tuple[str, float]]:
    """Output and gradients, strided and dilated too."""
    from dvm_core.ops import correlation, correlation_reference

    for radius, stride, dilation in ((4, 1, 1), (2, 2, 3)):
        maps = [torch.randn(2, 72, 29, 31, device="cuda").to(dtype).requires_grad_() for _ in range(2)]
        wide = [value.detach().double().requires_grad_() for value in maps]
        out = correlation(*maps, radius=radius, stride=stride, dilation=dilation)
        expected = correlation_reference.forward(*wide, radius, stride, dilation)
        grad = torch.randn_like(out)
        yield f"correlation {radius}/{stride}/{dilation}", relative_error(out, expected)
        for got, want in zip(
            torch.autograd.grad(out, maps, grad), torch.autograd.grad(expected, wide, grad.double()), strict=True
        ):
            yield f"correlation {radius}/{stride}/{dilation} gradient", relative_error(got, want)


def check_numbers(kernel: str) -> int:
    """Prints the worst error of each dtype on these kernels; returns how many checks failed."""
    failures = 0
    print(use(kernel))
    for dtype, limit in TOLERANCE.items():
        errors = [*check_deform_conv(dtype), *check_raw(dtype), *check_correlation(dtype)]
        # Gradients pass through columns of the same dtype and float32 atomics: three times the rounding.
        wrong = [f"{name}: {error:.1e}" for name, error in errors if not error <= limit * (3 if "by" in name else 1)]
        worst = max(error for _, error in errors)
        print(f"{dtype!s:16} {len(errors)} checks, worst {worst:.1e}", *wrong, sep="\n    " if wrong else " ")
        failures += len(wrong)
    return failures


def check_streams() -> int:
    """Our run-time library and torch's share streams and memory, and a graph captures the operator."""
    from dvm_core.ops import deform_conv2d

    x, offset, mask, weight, bias = inputs(64, 264, 480, torch.bfloat16)
    expected = deform_conv2d(x, offset, mask, weight, bias, padding=1)
    stream, late = torch.cuda.Stream(), torch.zeros_like(x)
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        late.copy_(x)  # must have happened before our kernel reads it, without any synchronisation
        got = deform_conv2d(late, offset, mask, weight, bias, padding=1)
    stream.synchronize()
    graph, slot = torch.cuda.CUDAGraph(), torch.zeros_like(x)
    deform_conv2d(slot, offset, mask, weight, bias, padding=1)
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        captured = deform_conv2d(slot, offset, mask, weight, bias, padding=1)
    slot.copy_(x)
    graph.replay()
    torch.cuda.synchronize()
    results = {"side stream": torch.equal(got, expected), "CUDA graph": torch.equal(captured, expected)}
    print("shared with torch: " + ", ".join(f"{name} {'ok' if good else 'WRONG'}" for name, good in results.items()))
    return sum(not good for good in results.values())


def check_cupy() -> int:
    """Trimap morphology and foreground colour on CuPy's arrays against the same on NumPy's, where CuPy is there."""
    try:
        from dvm_core import foreground
        from dvm_core.ops.cupy_arrays import cupy
        from dvm_core.trimap.create import make_trimap
    except ImportError as error:
        print(f"CuPy not checked: {error}")
        return 0
    if (package := cupy()) is None:
        print("CuPy not checked: it is not installed, or finds no GPU")
        return 0
    y, x = np.mgrid[:301, :400].astype(np.float32)
    alpha = np.clip((120 - np.hypot(y - 150, x - 200)) / 30 + 0.5, 0, 1)
    plate = np.stack([alpha * 2 + (1 - alpha) * x / 400, y / 301, 1 - alpha], -1)
    trimaps = [make_trimap(value, erode=7, dilate=11) for value in (alpha, package.asarray(alpha))]
    results = {"trimap": bool((trimaps[0] == package.asnumpy(trimaps[1])).all())}
    if importlib.util.find_spec("pymatting"):
        colours = [foreground.estimate_by(solver, plate, alpha) for solver in ("pymatting", "pymatting-cupy")]
        results["foreground"] = float(np.abs(colours[0] - colours[1])[alpha > 0.1].mean()) < 0.01
    print("CuPy: " + ", ".join(f"{name} {'ok' if good else 'WRONG'}" for name, good in results.items()))
    return sum(not good for good in results.values())


def best_ms(run: Callable[[], object], repeats: int = 20) -> float:
    """Milliseconds on the device, the best of several after a warm-up."""
    for _ in range(3):
        run()
    best = float("inf")
    for _ in range(repeats):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        best = min(best, start.elapsed_time(end))
    return best


def time_level(channels: int, height: int, width: int) -> dict[str, float]:
    """Our forward, bf16, against torchvision's in float16 and cuDNN's plain convolution in bf16."""
    from dvm_core.ops import deform_conv2d, deform_conv2d_raw

    x, offset, mask, weight, bias = inputs(channels, height, width, torch.bfloat16)
    raw, plain = torch.cat([offset, mask], 1), weight.contiguous(memory_format=torch.channels_last)
    raw = raw.contiguous(memory_format=torch.channels_last)
    times = {
        "ours": best_ms(lambda: deform_conv2d(x, offset, mask, weight, bias, padding=1)),
        "ours raw": best_ms(lambda: deform_conv2d_raw(x, raw, weight, bias, padding=1)),
        **time_columns(lambda: deform_conv2d_raw(x, raw, weight, bias, padding=1)),
        "cuDNN plain": best_ms(lambda: torch.conv2d(x, plain, bias, padding=1)),
    }
    try:
        from torchvision.ops import deform_conv2d as peer
    except (ImportError, RuntimeError):
        return times
    half = [value.half().contiguous() for value in (x, offset, weight, bias, mask)]
    times["torchvision fp16"] = best_ms(lambda: peer(*half[:4], padding=(1, 1), mask=half[4]))
    return times


def time_columns(run: Callable[[], object]) -> dict[str, float]:
    """The same without the fused kernel, which the larger levels use anyway."""
    if len(all_kernels()) == 1:
        return {}
    use(all_kernels()[0])
    elapsed = best_ms(run)
    use("")
    return {"ours raw, by columns": elapsed}


def time_operators() -> None:
    """One line a level, and the sum over a frame's calls."""
    total = 0.0
    with torch.inference_mode():
        for level in LEVELS:
            times = time_level(*level)
            total += CALLS_A_LEVEL * times["ours raw"]
            print(f"{level[0]:5} @ {level[1]}x{level[2]}  " + "  ".join(f"{k} {v:.3f} ms" for k, v in times.items()))
        maps = [torch.randn(1, 256, 132, 240, device="cuda", dtype=torch.bfloat16) for _ in range(2)]
        last = [value.contiguous(memory_format=torch.channels_last) for value in maps]
        from dvm_core.ops import correlation

        print(f"correlation 256 @ 132x240  {best_ms(lambda: correlation(*last)) * 1e3:.0f} us")
    print(f"all {CALLS_A_LEVEL * len(LEVELS)} deformable convolutions of a 1056x1920 frame: {total:.2f} ms")


def time_network(name: str, **numbers: int) -> None:
    """Frames a second of a network with fresh weights, streaming: one frame encoded, one alpha out."""
    from dvm_core.model import build as build_network

    torch.manual_seed(0)
    network = build_network(name, **numbers).eval().cuda().to(memory_format=torch.channels_last)
    height, width = 1056, 1920
    plate = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    trimap = np.zeros((height, width), np.uint8)
    trimap[200:800, 400:1500], trimap[300:700, 600:1300] = 128, 255
    whole = slice(0, height), slice(0, width)
    frame = network.prepare(plate, trimap).crop(*whole).cuda().contiguous(memory_format=torch.channels_last)
    unknown = torch.from_numpy((trimap == 128).astype(np.float32))[None, None].cuda()
    with torch.inference_mode(), torch.autocast("cuda", dtype=torch.bfloat16):
        features = network.encode(network.stem(frame))
        window = [network.shared(features)] * network.window.length

        def step() -> Tensor:
            now = network.encode(network.stem(frame))
            window[network.window.past] = now
            alpha: Tensor = network.finish(network.context(window, unknown), frame)
            return alpha

        elapsed = best_ms(step, repeats=10)
    print(f"{name:5} 1056x1920 bf16 streaming: {elapsed:.1f} ms, {1e3 / elapsed:.0f} frames/s")


def main() -> int:
    """Runs everything; returns 1 if a check failed."""
    if not torch.cuda.is_available():
        sys.exit("expected a CUDA device, found none")
    seconds = build()
    from dvm_core.ops import kernels

    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {kernels('cuda')}, built in {seconds:.0f} s")
    failures = sum(check_numbers(kernel) for kernel in all_kernels())
    use("")
    failures += check_streams() + check_cupy()
    time_operators()
    for name, numbers in (("rn50", {"shift": 2, "step": 1}), ("lite", {})):
        time_network(name, **numbers)
    from benchmarks.training import report

    report("cuda:0", steps=40)
    print("all checks passed" if not failures else f"{failures} checks FAILED")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
