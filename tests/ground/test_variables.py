"""What is recorded of an environment changes numbers; what is private in it is never written, wherever it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lamm_robust import provenance
from lamm_robust.catalog import LIBRARY
from lamm_robust.values import PRECISIONS
from lamm_robust.variables import FORMS, HIDDEN, recorded
from lamm_robust.workers.process import THREADS

SHOWN = {
    "OMP_NUM_THREADS": "4,2",
    "OPENBLAS_CORETYPE": "SkylakeX",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA_Usable",
    "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
    "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
    "DNNL_MAX_CPU_ISA": "AVX2_VNNI",
    "BLIS_ARCH_TYPE": "zen3",
    "BLIS_JC_NT": "2",
    "FLEXIBLAS": "OPENBLAS-OPENMP",
    "MKL_CBWR": "AVX2,STRICT",
    "MKL_ENABLE_INSTRUCTIONS": "AVX512_E1",
    "MKL_DEBUG_CPU_TYPE": "5",
    "MKL_DOMAIN_NUM_THREADS": "MKL_DOMAIN_BLAS=4,MKL_DOMAIN_FFT=1",
    "MKL_THREADING_LAYER": "sequential",
    "BLAS_COMPUTE_MODE": "FLOAT_TO_BF16X2",
    "LD_PRELOAD": "libmkl_rt.so.2 libjemalloc.so",
    "PYTHONOPTIMIZE": "2",
    "NVIDIA_TF32_OVERRIDE": "0",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "CUDA_LAUNCH_BLOCKING": "1",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX",
    "ATEN_CPU_CAPABILITY": "avx512",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2 --xla_gpu_autotune_level=0 --xla_gpu_deterministic_ops=true",
    "JAX_DEFAULT_MATMUL_PRECISION": "BF16_BF16_F32_X3",
    "JAX_ENABLE_X64": "True",
    "JAX_PLATFORMS": "cuda,cpu",
    "EQX_ON_ERROR": "nan",
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_changes_numbers_is_recorded_as_it_is(name: str) -> None:
    assert recorded({name: SHOWN[name]}) == {name: SHOWN[name]}


def test_paths_are_recorded_without_their_directories() -> None:
    given = {
        "LD_PRELOAD": "/home/jane/lib/libmkl_rt.so:/opt/libjane.so",
        "FLEXIBLAS": "/home/jane/libopenblas.so.0",
        "XLA_FLAGS": "--xla_dump_to=/home/jane --xla_gpu_cuda_data_dir=/home/jane/cuda --xla_cpu_enable_fast_math=true",
        "GLIBC_TUNABLES": "glibc.malloc.check=3:glibc.cpu.x86_ibt=jane",
    }
    assert recorded(given) == {
        "LD_PRELOAD": f"libmkl_rt.so {HIDDEN}",
        "FLEXIBLAS": "libopenblas.so.0",
        "XLA_FLAGS": f"{HIDDEN} --xla_cpu_enable_fast_math=true",
        "GLIBC_TUNABLES": HIDDEN,
    }


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_our_own_workers_are_started_with_is_shown(precision: str) -> None:
    for library in LIBRARY.values():
        for device in library.devices:
            given = THREADS | dict(library.environment(precision, device))  # type: ignore[arg-type]
            assert HIDDEN not in recorded(given).values()


def test_places_and_the_empty_say_nothing() -> None:
    assert recorded({"CUDA_VISIBLE_DEVICES": "1", "NVIDIA_VISIBLE_DEVICES": "all", "OMP_NUM_THREADS": " "}) == {}


PRIVATE = (
    "sk-proj-0a1B2c3D4e5F6g7H8i9J", "nvapi-Zm9vYmFyYmF6cXV4", "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "AKIAIOSFODNN7EXAMPLE", "hunter2", "correct horse battery staple", "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG",
    "/home/jane", "/home/jane/.cache/torch", "/Users/jane/lib", "/root", "jane@gpu7.cluster.example.org",
    "gpu7.cluster.example.org", "gpu7", "10.20.30.40:8786", "tcp://10.20.30.40:8786", "https://jane:pw@example.org/x",
    "jane", "-----BEGIN OPENSSH PRIVATE KEY-----", "d41d8cd98f00b204e9800998ecf8427e", "1234567890123456",
)  # fmt: skip
"""What people keep in their environments: keys, passwords, homes, hosts."""

ELSEWHERE = (
    "NVIDIA_API_KEY", "NVIDIA_TOKEN", "TORCH_HOME", "TORCH_EXTENSIONS_DIR", "PYTORCH_KERNEL_CACHE_PATH", "CUDA_HOME",
    "CUDA_PATH", "CUDA_CACHE_PATH", "MKL_LICENSE", "MKLROOT", "JAX_COMPILATION_CACHE_DIR", "JAX_COORDINATOR_ADDRESS",
    "JAX_DUMP_IR_TO", "XLA_HOME", "XLA_TOKEN", "OMP_SECRET", "SCIPY_PASSWORD", "SKLEARN_SEED_KEY", "KMP_INIT_AT_FORK",
    "OPENBLAS_USER", "NPY_LAPACK_ORDER", "EQX_TOKEN", "ATEN_KEY", "HOME", "HOSTNAME", "USER", "SSH_AUTH_SOCK",
    "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "LD_LIBRARY_PATH", "PYTHONPATH", "PATH",
)  # fmt: skip


def names() -> list[str]:
    """A variable for each entry of the table: the first name that its regular expression stands for."""
    found = []
    for pattern in FORMS:
        first = re.sub(r"\((?:\?:)?([^()|]*)[^()]*\)\??", r"\1", pattern)
        first = re.sub(r"\((?:\?:)?([^()|]*)[^()]*\)\??", r"\1", first).partition("|")[0]
        found.append(first)
    return found


@pytest.mark.parametrize("number", range(60))
def test_nothing_private_is_ever_written(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty environments: each secret in every variable, alone, in a list, as a path, as a flag, and behind a word."""
    secret = PRIVATE[number % len(PRIVATE)]
    hostile = (
        *(secret, f"/home/jane/{secret}/lib{secret}.so:libm.so.6", f"--xla_gpu_autotune_level={secret} {secret}"),
        *(f"1,{secret}", f"glibc.cpu.hwcaps=-AVX2,{secret}:glibc.{secret}=1", f"AVX2 {secret}", f"1\n{secret}"),
    )[number // len(PRIVATE) :: 3]
    for value in hostile:
        for name in (*names(), *ELSEWHERE):
            monkeypatch.setenv(name, value)
        text = json.dumps(provenance.flags())
        for part in re.split(r"[\s/:@,=]+", secret):
            assert len(part) < 4 or part not in text, text
        assert "jane" not in text
        assert not set(ELSEWHERE) & set(provenance.flags())
        monkeypatch.undo()


def test_every_entry_of_the_table_is_tried() -> None:
    assert all(name in recorded(dict.fromkeys(names(), "glibc.cpu.x=y lib/x --xla_x=y")) for name in names())
    assert len(names()) == len(FORMS)


def test_neither_home_nor_host_is_in_what_is_said_of_a_machine() -> None:
    import getpass
    import platform

    text = json.dumps({name: value for name, value in provenance.environment().items() if name != "flags"})
    assert str(Path.home()) == "/" or f"{Path.home()}/" not in text
    assert platform.node() not in text.split('"')
    assert getpass.getuser() not in text.split('"')
