"""Which device and precision are used: a matter of the machine, never of params.yaml.

SEGMEND_DEVICE: auto, cpu, cuda, cuda:N, mps. SEGMEND_PRECISION: auto, fp32, bf16, fp16.
"""

from os import environ

import torch

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def device() -> torch.device:
    """The device that SEGMEND_DEVICE asks for; `auto` takes a GPU where there is one."""
    asked = environ.get("SEGMEND_DEVICE", "").strip() or "auto"
    if asked == "auto":
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    kind, _, number = asked.partition(":")
    known = kind in ("cpu", "cuda", "mps") and (number.isdigit() and kind == "cuda" or not number and asked == kind)
    if not known:
        raise ValueError(f"SEGMEND_DEVICE is '{asked}': auto, cpu, cuda, cuda:N and mps are allowed")
    if kind == "cuda" and (not torch.cuda.is_available() or int(number or 0) >= torch.cuda.device_count()):
        raise ValueError(
            f"SEGMEND_DEVICE is '{asked}', but torch sees {torch.cuda.device_count()} CUDA devices here; use auto or cpu"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError("SEGMEND_DEVICE is 'mps', but torch sees no such device here; use auto or cpu")
    return torch.device(asked)


def precision(device: torch.device) -> torch.dtype:
    """The type that convolutions run in, as SEGMEND_PRECISION asks; `auto` takes bfloat16 where the hardware has it.

    On CPUs that have bfloat16 instructions (AVX-512 BF16, AMX) it halves the time of a step; on others it is emulated and slow.
    """
    asked = environ.get("SEGMEND_PRECISION", "").strip() or "auto"
    if asked not in ("auto", *TYPES):
        raise ValueError(f"SEGMEND_PRECISION is '{asked}': auto, {', '.join(TYPES)} are allowed")
    if asked == "fp16" and device.type == "cpu":
        raise ValueError("SEGMEND_PRECISION is 'fp16', which is for GPUs; on the CPU use auto, bf16 or fp32")
    if asked != "auto":
        return TYPES[asked]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    able = torch.cpu.get_capabilities()
    fast = device.type == "cpu" and (able.get("avx512_bf16") or able.get("amx_bf16"))
    return torch.bfloat16 if fast else torch.float32
