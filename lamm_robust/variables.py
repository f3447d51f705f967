"""The environment variables that can change a number or a time: which they are, and what of them may be written down.

A variable is recorded by name only if it stands here, and by value only if the value has the form that stands beside
it: numbers, switches, and words that the library knows. So no key, password, home or host that somebody has put into an
environment can reach a journal. What has another form is recorded as `HIDDEN`: that it was there, and not what it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

HIDDEN = "(another value)"
"""What is written for a value that has not the form of its variable."""


def _words(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


def _list(word: str, separator: str = "[ ,;:]+") -> str:
    return f"(?:{word})(?:{separator}(?:{word}))*"


SWITCH = _words("0", "1", "true", "false", "yes", "no", "on", "off")
COUNT = r"\d{1,6}"
COUNTS = _list(COUNT, ",")
NUMBER = r"-?\d{1,9}(?:\.\d{1,9})?"

FEATURE = (
    r"(?:SSE\d?(?:[._]?[12])?|SSSE3|SSE4_[12]|POPCNT|LZCNT|F16C|XOP|FMA[34]?|BMI[12]|MOVBE|ERMS|FSRM|RTM|XSAVEC?"
    r"|AVX(?:2|10[._]1|[_-]?VNNI)?|AVX512(?:F|CD|ER|PF|VL|BW|DQ|IFMA|VBMI2?|[_-]?(?:KN[LM]|SKX|CLX|CNL|ICL|SPR|CORE"
    r"|VNNI|BITALG|VPOPCNTDQ|FP16|BF16|AMX|E[1-5]|MIC(?:_E1)?))?|AMX|X86_V[234]|VSX[234]?|VXE?2?|NEON(?:_FP16|_VFPV4)?"
    r"|ASIMD(?:HP|DP|FHM)?|SVE(?:2|256)?|Prefer_(?:No_VZEROUPPER|No_AVX512_Probing|ERMS|FSRM))"
)
"""What processors can, as NumPy, glibc, oneDNN, MKL and XLA call it."""

CORES = _words(
    *("prescott", "core2", "penryn", "dunnington", "nehalem", "atom", "sandybridge", "haswell", "skylakex"),
    *("cooperlake", "sapphirerapids", "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "bulldozer"),
    *("piledriver", "steamroller", "excavator", r"zen[2345]?", "generic", "skx", "knl", "nano", "katmai", "northwood"),
    *(
        "armv8",
        "armv8sve",
        "armsve",
        "a64fx",
        "firestorm",
        "vortex",
        "cortexa(?:53|55|57|72|73|76)",
        r"thunderx[23]?t?",
    ),
    *("neoversen[12]", "neoversev1", "falkor", "emag8180", "ampere1", "power(?:6|7|8|9|10)", "z1[34]", r"\d{1,2}"),
)
"""Kinds of processors, as OpenBLAS and BLIS call them."""

BACKENDS = _words(
    *("netlib", "reference", "atlas", "mkl", "mkl_rt", "nvblas", "accelerate", "apple", "amdlibm", "libflame"),
    r"(?:openblas|blis|goto)(?:64|ilp64|o|p|-?openmp|-?pthreads?|-?serial)?",
)
"""Implementations of BLAS, as FlexiBLAS calls them."""

LIBRARIES = (
    r"lib(?:mkl_(?:rt|core|def|avx2|avx512|intel_lp64|intel_thread|gnu_thread|sequential)|openblas(?:64_|o|p)?"
    r"|blis(?:-mt)?|flexiblas|blas|lapack|atlas|nvblas|cublas|jemalloc|tcmalloc(?:_minimal)?|mimalloc|asan|tsan|ubsan|iomp5|gomp|omp"
    r"|m|mvec|amdlibm|fakeintel|faketime)\.so(?:\.\d{1,6}){0,3}"
)
"""Libraries that people load before all others, without the directory."""

PRECISIONS = _words(
    *("default", "high", "highest", "fastest", "float32", "bfloat16", "tensorfloat32", "strict", "bf16", "f16"),
    *("tf32", "any", "dot_general", r"(?:bf16|f16|f32|f64|tf32)(?:_(?:bf16|f16|f32|f64|tf32)){1,3}(?:_x[369])?"),
)
PLATFORMS = _words("cpu", "gpu", "cuda", "rocm", "tpu", "metal")

FORMS: Mapping[str, str] = {
    # threads: sums are taken in another order
    r"(?:OPENBLAS|OMP|GOTO|MKL|BLIS|NUMEXPR|OPENBLAS_DEFAULT)_NUM_THREADS|VECLIB_MAXIMUM_THREADS": COUNTS,
    r"BLIS_(?:JC|PC|IC|JR|IR)_NT|OMP_THREAD_LIMIT|OMP_MAX_ACTIVE_LEVELS|JAX_NUM_CPU_DEVICES": COUNT,
    r"MKL_DOMAIN_NUM_THREADS": _list(r"(?:MKL_DOMAIN_(?:ALL|BLAS|FFT|VML|LAPACK|PARDISO)=)?\d{1,4}"),
    r"(?:OMP|MKL)_DYNAMIC|OMP_NESTED|OMP_CANCELLATION|(?:OPENBLAS|GOTOBLAS)_MAIN_FREE": SWITCH,
    r"OMP_SCHEDULE": r"(?:monotonic:|nonmonotonic:)?(?:static|dynamic|guided|auto)(?:,\d{1,6})?",
    r"OMP_PROC_BIND": _list(_words("true", "false", "master", "primary", "close", "spread")),
    r"OMP_PLACES": r"(?:threads|cores|sockets|ll_caches|numa_domains)(?:\(\d{1,4}\))?|"
    + _list(r"\{\d{1,4}(?:[:,]\d{1,4}){0,15}\}(?::\d{1,4}){0,2}", ","),
    r"OMP_WAIT_POLICY": _words("active", "passive"),
    r"KMP_AFFINITY": _list(
        _words("granularity=(?:fine|core|thread|tile|socket)", "compact", "scatter", "balanced", "disabled", "none")
        + r"|\d{1,3}",
        ",",
    ),
    r"KMP_BLOCKTIME": rf"{COUNT}(?:us|ms|s)?|infinite",
    r"KMP_(?:DUPLICATE_LIB_OK|DETERMINISTIC_REDUCTION)": SWITCH,
    r"KMP_FORCE_REDUCTION": _words("critical", "atomic", "tree"),
    # which code of a library runs
    r"OPENBLAS_CORETYPE|BLIS_ARCH_TYPE": CORES,
    r"MKL_(?:CBWR|ENABLE_INSTRUCTIONS)": rf"(?:BRANCH=)?(?:AUTO|COMPATIBLE|OFF|{FEATURE})(?:,STRICT)?",
    r"MKL_DEBUG_CPU_TYPE": COUNT,
    r"MKL_THREADING_LAYER": _words("INTEL", "GNU", "TBB", "PGI", "SEQUENTIAL", "OMP"),
    r"MKL_INTERFACE_LAYER": _list(_words("LP64", "ILP64", "GNU")),
    r"(?:MKL_)?BLAS_COMPUTE_MODE": _words("STANDARD", "COMPLEX_3M", "FLOAT_TO_(?:BF16(?:X[23])?|TF32)"),
    r"FLEXIBLAS": rf"{LIBRARIES}|{BACKENDS}",
    r"(?:ONEDNN|DNNL)_MAX_CPU_ISA": _words(
        *(
            "ALL",
            "DEFAULT",
            "SSE41",
            "AVX",
            r"AVX2(?:_VNNI(?:_2)?)?",
            r"AVX512_CORE(?:_(?:VNNI|BF16|FP16|AMX(?:_FP16)?))?",
        ),
        r"AVX10_[12](?:_512)?(?:_AMX(?:_2)?)?",
    ),
    r"(?:ONEDNN|DNNL)_DEFAULT_FPMATH_MODE|JAX_DEFAULT_MATMUL_PRECISION": PRECISIONS,
    r"(?:ONEDNN|DNNL)_CPU_ISA_HINTS": _words("no_hints", "prefer_ymm"),
    r"NPY_(?:DISABLE|ENABLE)_CPU_FEATURES": _list(FEATURE),
    r"NPY_PROMOTION_STATE": _words("weak", "legacy", "weak_and_warn"),
    r"ATEN_CPU_CAPABILITY": rf"default|vsx|zvector|{FEATURE}(?:_256)?",
    r"GLIBC_TUNABLES": "",  # see `_SHOWN`
    r"LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES": "",
    r"PYTHONOPTIMIZE": COUNT,
    # JAX, and what it compiles to
    r"JAX_(?:ENABLE_X64|DISABLE_JIT|DEBUG_NANS|DEBUG_INFS|DISABLE_MOST_OPTIMIZATIONS|THREEFRY_PARTITIONABLE)": SWITCH,
    r"JAX_(?:ENABLE_CUSTOM_PRNG|CPU_ENABLE_ASYNC_DISPATCH|SOFTMAX_CUSTOM_JVP|USE_DIRECT_LINALG)": SWITCH,
    r"JAX_(?:DEFAULT_DTYPE_BITS|OPTIMIZATION_LEVEL|(?:EXEC_TIME|MEMORY_FITTING)_(?:OPTIMIZATION_)?EFFORT)": NUMBER,
    r"JAX_NUMPY_DTYPE_PROMOTION": _words("standard", "strict"),
    r"JAX_NUMPY_RANK_PROMOTION": _words("allow", "warn", "raise"),
    r"JAX_DEFAULT_PRNG_IMPL": _words("threefry2x32", "rbg", "unsafe_rbg"),
    r"JAX_(?:PLATFORMS|PLATFORM_NAME)": _list(PLATFORMS, ","),
    r"JAX_(?:USE_MAGMA|GPU_USE_MAGMA)": _words("on", "off", "auto"),
    r"EQX_ON_ERROR": _words("raise", "breakpoint", "nan", "off"),
    r"XLA_FLAGS": "",
    # other libraries
    r"SCIPY_(?:ARRAY_API|USE_PROPACK)|SKLEARN_ASSUME_FINITE": SWITCH,
    r"SKLEARN_WORKING_MEMORY": NUMBER,
    r"PYTORCH_JIT|TORCH_(?:ALLOW_TF32_CUBLAS_OVERRIDE|BLAS_PREFER_(?:CU|HIP)BLASLT)": SWITCH,
    r"TORCH_LINALG_PREFER_(?:CUSOLVER|MAGMA)": SWITCH,
    # CUDA
    r"NVIDIA_TF32_OVERRIDE|CUBLAS_EMULATE_(?:SINGLE|DOUBLE)_PRECISION": SWITCH,
    r"CUBLAS_EMULATION_STRATEGY": _words("default", "performant", "eager"),
    r"CUBLAS_FIXEDPOINT_EMULATION_MANTISSA_BIT_COUNT|CUBLASLT_WORKSPACE_SIZE": COUNT,
    r"CUBLAS_WORKSPACE_CONFIG": r"(?::\d{1,6}:\d{1,4}){1,4}",
    r"CUDA_(?:LAUNCH_BLOCKING|FORCE_PTX_JIT|DISABLE_PTX_JIT|FORCE_JIT|DISABLE_JIT)": SWITCH,
    r"CUDA_MODULE_LOADING": _words("LAZY", "EAGER"),
    r"CUDA_DEVICE_MAX_CONNECTIONS": COUNT,
}
"""Names → the form of their values, both as regular expressions; letters of values may be large or small."""


def _libraries(value: str) -> list[str]:
    """The libraries in a list of paths, without their directories."""
    names = [path.rpartition("/")[2] for path in re.split("[ :]+", value) if path]
    return [name if re.fullmatch(LIBRARIES, name) else HIDDEN for name in names]


def _tunables(value: str) -> list[str]:
    """Those of glibc's tunables that choose code by processor; the others are about memory."""
    capabilities = _list(rf"-?{FEATURE}(?:_Usable)?", ",")
    form = rf"glibc\.cpu\.(?:hwcaps={capabilities}|x86_\w{{1,40}}=(?:0x)?[\da-f]{{1,16}})"
    chosen = [entry for entry in value.split(":") if entry.startswith("glibc.cpu.")]
    return [entry if re.fullmatch(form, entry, re.IGNORECASE) else HIDDEN for entry in chosen]


def _xla(value: str) -> list[str]:
    """XLA's flags, without those that say where it should write what it does."""
    form = rf"--xla_[a-z_0-9]{{1,80}}(?:=(?:{SWITCH}|{NUMBER}|{FEATURE}))?"
    chosen = [flag for flag in value.split() if not re.match("--xla_(?:dump|log)", flag)]
    return [flag if re.fullmatch(form, flag, re.IGNORECASE) else HIDDEN for flag in chosen]


_SHOWN: Mapping[str, Callable[[str], list[str]]] = {
    "GLIBC_TUNABLES": _tunables,
    "LD_PRELOAD": _libraries,
    "LD_AUDIT": _libraries,
    "DYLD_INSERT_LIBRARIES": _libraries,
    "XLA_FLAGS": _xla,
}
"""Variables that hold a list → what of it may be shown."""

_FORMS = [(re.compile(name), re.compile(form, re.IGNORECASE)) for name, form in FORMS.items()]


def recorded(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that can change a number, in alphabetical order, each with what of its value may be shown."""
    shown = {name: _shown(name, environment[name]) for name in sorted(_known(environment))}
    return {name: value for name, value in shown.items() if value}


def _known(names: Iterable[str]) -> list[str]:
    return [name for name in names if any(known.fullmatch(name) for known, _ in _FORMS)]


def _shown(name: str, value: str) -> str:
    """What may be shown of a value; nothing of one that is empty, or says nothing about numbers."""
    if name in _SHOWN:
        return " ".join(_SHOWN[name](value))
    value = value.strip()
    form = next(form for known, form in _FORMS if known.fullmatch(name))
    if name == "FLEXIBLAS":
        value = value.rpartition("/")[2]  # the library, without the directory
    return value if not value or form.fullmatch(value) else HIDDEN
