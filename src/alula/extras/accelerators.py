"""The models of GPU and TPU that are known, by the names under which machines usually have them.

`@task(accelerator=A100.partition_2g_10gb)` asks for a part of one, `A100.unpartitioned` for the whole.
"""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.accelerators import GPUAccelerator


class _A100(GPUAccelerator):
    partition_1g_5gb = GPUAccelerator("nvidia-tesla-a100", "1g.5gb")
    partition_2g_10gb = GPUAccelerator("nvidia-tesla-a100", "2g.10gb")
    partition_3g_20gb = GPUAccelerator("nvidia-tesla-a100", "3g.20gb")
    partition_4g_20gb = GPUAccelerator("nvidia-tesla-a100", "4g.20gb")
    partition_7g_40gb = GPUAccelerator("nvidia-tesla-a100", "7g.40gb")


class _A10080GB(GPUAccelerator):
    partition_1g_10gb = GPUAccelerator("nvidia-a100-80gb", "1g.10gb")
    partition_2g_20gb = GPUAccelerator("nvidia-a100-80gb", "2g.20gb")
    partition_3g_40gb = GPUAccelerator("nvidia-a100-80gb", "3g.40gb")
    partition_4g_40gb = GPUAccelerator("nvidia-a100-80gb", "4g.40gb")
    partition_7g_80gb = GPUAccelerator("nvidia-a100-80gb", "7g.80gb")


class _V5E(GPUAccelerator):
    slice_1x1 = GPUAccelerator("tpu-v5-lite-podslice", "1x1")
    slice_2x2 = GPUAccelerator("tpu-v5-lite-podslice", "2x2")
    slice_2x4 = GPUAccelerator("tpu-v5-lite-podslice", "2x4")
    slice_4x4 = GPUAccelerator("tpu-v5-lite-podslice", "4x4")
    slice_4x8 = GPUAccelerator("tpu-v5-lite-podslice", "4x8")
    slice_8x8 = GPUAccelerator("tpu-v5-lite-podslice", "8x8")
    slice_8x16 = GPUAccelerator("tpu-v5-lite-podslice", "8x16")
    slice_16x16 = GPUAccelerator("tpu-v5-lite-podslice", "16x16")


class _V5P(GPUAccelerator):
    slice_2x2x1 = GPUAccelerator("tpu-v5p-slice", "2x2x1")
    slice_2x2x2 = GPUAccelerator("tpu-v5p-slice", "2x2x2")
    slice_2x4x4 = GPUAccelerator("tpu-v5p-slice", "2x4x4")
    slice_4x4x4 = GPUAccelerator("tpu-v5p-slice", "4x4x4")
    slice_4x4x8 = GPUAccelerator("tpu-v5p-slice", "4x4x8")
    slice_4x8x8 = GPUAccelerator("tpu-v5p-slice", "4x8x8")
    slice_8x8x8 = GPUAccelerator("tpu-v5p-slice", "8x8x8")
    slice_8x8x16 = GPUAccelerator("tpu-v5p-slice", "8x8x16")
    slice_8x16x16 = GPUAccelerator("tpu-v5p-slice", "8x16x16")
    slice_16x16x16 = GPUAccelerator("tpu-v5p-slice", "16x16x16")
    slice_16x16x24 = GPUAccelerator("tpu-v5p-slice", "16x16x24")


class _V6E(GPUAccelerator):
    slice_1x1 = GPUAccelerator("tpu-v6e-slice", "1x1")
    slice_2x2 = GPUAccelerator("tpu-v6e-slice", "2x2")
    slice_2x4 = GPUAccelerator("tpu-v6e-slice", "2x4")
    slice_4x4 = GPUAccelerator("tpu-v6e-slice", "4x4")
    slice_4x8 = GPUAccelerator("tpu-v6e-slice", "4x8")
    slice_8x8 = GPUAccelerator("tpu-v6e-slice", "8x8")
    slice_8x16 = GPUAccelerator("tpu-v6e-slice", "8x16")
    slice_16x16 = GPUAccelerator("tpu-v6e-slice", "16x16")


A10G = GPUAccelerator("nvidia-a10g")
A100 = _A100("nvidia-tesla-a100")
A100_80GB = _A10080GB("nvidia-a100-80gb")
H100 = GPUAccelerator("nvidia-h100")
H200 = GPUAccelerator("nvidia-h200")
K80 = GPUAccelerator("nvidia-tesla-k80")
L4 = GPUAccelerator("nvidia-l4")
L4_VWS = GPUAccelerator("nvidia-l4-vws")
L40S = GPUAccelerator("nvidia-l40s")
M60 = GPUAccelerator("nvidia-tesla-m60")
P4 = GPUAccelerator("nvidia-tesla-p4")
P100 = GPUAccelerator("nvidia-tesla-p100")
RTX_PRO_6000 = GPUAccelerator("nvidia-rtx-pro-6000")
T4 = GPUAccelerator("nvidia-tesla-t4")
V100 = GPUAccelerator("nvidia-tesla-v100")
V5E = _V5E("tpu-v5-lite-podslice")
V5P = _V5P("tpu-v5p-slice")
V6E = _V6E("tpu-v6e-slice")

refuse_others(__name__)
