"""What people type for each solver: lines of Python that make x of A and b with modules by their full names.

For pages that say which call to use, and for scripts that show a failure to someone who has not installed this project.
b is one vector; the arrays are those of the library. A solver that takes more than a dozen lines has no text here.
`tests/solvers/test_typed.py` compares what each text returns with the answer of its solver.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MODULES = (
    *("numpy", "scipy.linalg", "scipy.optimize", "scipy.sparse.linalg"),
    *("jax", "jax.numpy", "jax.scipy.linalg", "jax.scipy.sparse.linalg", "lineax", "torch"),
    *("sklearn.linear_model", "statsmodels.regression.linear_model", "lamm_robust"),
)
"""The modules that the texts name; some need an import of their own."""

CODE: Mapping[str, Mapping[str, str]] = {
    "numpy": {
        "lstsq": "x = numpy.linalg.lstsq(A, b)[0]",
        "pinv": "x = numpy.linalg.pinv(A) @ b",
        "lstsq-rcond-minus-1": "x = numpy.linalg.lstsq(A, b, rcond=-1)[0]",
        "lstsq-scaled": (
            "scale = numpy.sqrt((A * A).sum(axis=0))\n"
            "scale[scale == 0] = 1\n"
            "x = numpy.linalg.lstsq(A / scale, b, rcond=len(b) * numpy.finfo(A.dtype).eps)[0] / scale"
        ),
        "lstsq-block": (
            "B = numpy.stack([(1 - k / 16) * b for k in range(8)], axis=1)\nx = numpy.linalg.lstsq(A, B)[0][:, 0]"
        ),
        "pinv-rtol": "x = numpy.linalg.pinv(A, rtol=max(A.shape) * numpy.finfo(A.dtype).eps) @ b",
        "pinv-stacked": (
            "S = numpy.multiply.outer((1 - numpy.arange(8) / 16).astype(A.dtype), A)\nx = numpy.linalg.pinv(S)[0] @ b"
        ),
        "svd-stacked": (
            "S = numpy.multiply.outer((1 - numpy.arange(8) / 16).astype(A.dtype), A)\n"
            "U, s, Vt = (part[0] for part in numpy.linalg.svd(S, full_matrices=False))\n"
            "r = (s > max(A.shape) * numpy.finfo(A.dtype).eps * s[0]).sum()\n"
            "x = Vt[:r].T @ ((U[:, :r].T @ b) / s[:r])"
        ),
        "qr": ("Q, R = numpy.linalg.qr(A)\nx = numpy.linalg.solve(R, Q.T @ b)"),
        "normal-lu": "x = numpy.linalg.solve(A.T @ A, A.T @ b)",
        "normal-lu-stacked": (
            "S = numpy.multiply.outer((1 - numpy.arange(8) / 16).astype(A.dtype), A)\n"
            "T = S.transpose(0, 2, 1)\n"
            "x = numpy.linalg.solve(T @ S, T @ b.reshape(len(b), 1))[0, :, 0]"
        ),
        "normal-lu-scaled": (
            "scale = numpy.sqrt((A * A).sum(axis=0))\n"
            "scale[scale == 0] = 1\n"
            "U = A / scale\n"
            "x = numpy.linalg.solve(U.T @ U, U.T @ b) / scale"
        ),
        "normal-inv": "x = numpy.linalg.inv(A.T @ A) @ (A.T @ b)",
        "left-inverse": "x = numpy.linalg.inv(A.T @ A) @ A.T @ b",
        "normal-pinv": "x = numpy.linalg.pinv(A.T @ A) @ (A.T @ b)",
        "normal-cholesky": (
            "L = numpy.linalg.cholesky(A.T @ A)\nx = numpy.linalg.solve(L.T, numpy.linalg.solve(L, A.T @ b))"
        ),
        "dropping": (
            "kept = []\n"
            "for j in range(A.shape[1]):\n"
            "    if numpy.linalg.matrix_rank(A[:, [*kept, j]]) > len(kept):\n"
            "        kept.append(j)\n"
            "K = A[:, kept]\n"
            "x = numpy.zeros(A.shape[1], A.dtype)\n"
            "x[kept] = numpy.linalg.solve(K.T @ K, K.T @ b)"
        ),
    },
    "scipy": {
        "gelsd": "x = scipy.linalg.lstsq(A, b)[0]",
        "gelsy": 'x = scipy.linalg.lstsq(A, b, lapack_driver="gelsy")[0]',
        "gelss": 'x = scipy.linalg.lstsq(A, b, lapack_driver="gelss")[0]',
        "gelsd-size-eps": "x = scipy.linalg.lstsq(A, b, cond=max(A.shape) * numpy.finfo(A.dtype).eps)[0]",
        "gelsy-size-eps": (
            "cond = max(A.shape) * numpy.finfo(A.dtype).eps\n"
            'x = scipy.linalg.lstsq(A, b, cond=cond, lapack_driver="gelsy")[0]'
        ),
        "gelss-rcond-0": 'x = scipy.linalg.lstsq(A, b, cond=0.0, lapack_driver="gelss")[0]',
        "gelsd-block": (
            "B = numpy.stack([(1 - k / 16) * b for k in range(8)], axis=1)\nx = scipy.linalg.lstsq(A, B)[0][:, 0]"
        ),
        "gels": (
            "m, n = A.shape\n"
            "rhs = numpy.concatenate([b, numpy.zeros(max(n - m, 0), A.dtype)])\n"
            'x = scipy.linalg.get_lapack_funcs("gels", (A, b))(A, rhs)[1][:n]'
        ),
        "lsq-linear": "x = scipy.optimize.lsq_linear(A, b).x.astype(A.dtype)",
        "svd-eps": (
            "U, s, Vt = scipy.linalg.svd(A, full_matrices=False)\n"
            "r = (s > numpy.finfo(A.dtype).eps * s[0]).sum()\n"
            "x = Vt[:r].T @ ((U[:, :r].T @ b) / s[:r])"
        ),
        "svd-size-eps": (
            "U, s, Vt = scipy.linalg.svd(A, full_matrices=False)\n"
            "r = (s > max(A.shape) * numpy.finfo(A.dtype).eps * s[0]).sum()\n"
            "x = Vt[:r].T @ ((U[:, :r].T @ b) / s[:r])"
        ),
        "svd-10-size-eps": (
            "U, s, Vt = scipy.linalg.svd(A, full_matrices=False)\n"
            "r = (s > 10 * max(A.shape) * numpy.finfo(A.dtype).eps * s[0]).sum()\n"
            "x = Vt[:r].T @ ((U[:, :r].T @ b) / s[:r])"
        ),
        "pinv": "x = scipy.linalg.pinv(A) @ b",
        "qr": ('Q, R = scipy.linalg.qr(A, mode="economic")\nx = scipy.linalg.solve_triangular(R, Q.T @ b)'),
        "qr-block": (
            "B = numpy.stack([(1 - k / 16) * b for k in range(8)], axis=1)\n"
            'Q, R = scipy.linalg.qr(A, mode="economic")\n'
            "x = scipy.linalg.solve_triangular(R, Q.T @ B)[:, 0]"
        ),
        "qr-pivoted": (
            'Q, R, order = scipy.linalg.qr(A, mode="economic", pivoting=True)\n'
            "d = abs(R.diagonal())\n"
            "r = (d > max(A.shape) * numpy.finfo(A.dtype).eps * d[0]).sum()\n"
            "x = numpy.zeros(A.shape[1], A.dtype)\n"
            "x[order[:r]] = scipy.linalg.solve_triangular(R[:r, :r], Q[:, :r].T @ b)"
        ),
        "qr-complete": (
            'Q, R, order = scipy.linalg.qr(A, mode="economic", pivoting=True)\n'
            "d = abs(R.diagonal())\n"
            "r = (d > max(A.shape) * numpy.finfo(A.dtype).eps * d[0]).sum()\n"
            'Z, T = scipy.linalg.qr(R[:r].T, mode="economic")\n'
            "x = numpy.empty(A.shape[1], A.dtype)\n"
            'x[order] = Z @ scipy.linalg.solve_triangular(T, Q[:, :r].T @ b, trans="T")'
        ),
        "seminormal": (
            'R = scipy.linalg.qr(A, mode="r")[0][: A.shape[1]]\nx = scipy.linalg.cho_solve((R, False), A.T @ b)'
        ),
        "seminormal-corrected": (
            'R = scipy.linalg.qr(A, mode="r")[0][: A.shape[1]]\n'
            "x = scipy.linalg.cho_solve((R, False), A.T @ b)\n"
            "x = x + scipy.linalg.cho_solve((R, False), A.T @ (b - A @ x))"
        ),
        "normal-lu": 'x = scipy.linalg.solve(A.T @ A, A.T @ b, assume_a="gen")',
        "normal-cholesky": "x = scipy.linalg.cho_solve(scipy.linalg.cho_factor(A.T @ A), A.T @ b)",
        "normal-pinvh": "x = scipy.linalg.pinvh(A.T @ A) @ (A.T @ b)",
        "lsqr": "x = scipy.sparse.linalg.lsqr(A, b)[0].astype(A.dtype)",
        "lsqr-tight": (
            "eps, most = numpy.finfo(A.dtype).eps, 4 * min(A.shape)\n"
            "x = scipy.sparse.linalg.lsqr(A, b, atol=eps, btol=eps, conlim=0, iter_lim=most)[0].astype(A.dtype)"
        ),
        "lsqr-scaled": (
            "scale = numpy.sqrt((A * A).sum(axis=0))\n"
            "scale[scale == 0] = 1\n"
            "eps, most = numpy.finfo(A.dtype).eps, 4 * min(A.shape)\n"
            "y = scipy.sparse.linalg.lsqr(A / scale, b, atol=eps, btol=eps, conlim=0, iter_lim=most)[0]\n"
            "x = y.astype(A.dtype) / scale"
        ),
        "lsmr": "x = scipy.sparse.linalg.lsmr(A, b)[0].astype(A.dtype)",
        "lsmr-tight": (
            "eps, most = numpy.finfo(A.dtype).eps, 4 * min(A.shape)\n"
            "x = scipy.sparse.linalg.lsmr(A, b, atol=eps, btol=eps, conlim=0, maxiter=most)[0].astype(A.dtype)"
        ),
    },
    "jax": {
        "solve": "x = lamm_robust.solve(A, b).x",
        "lstsq": "x = jax.numpy.linalg.lstsq(A, b)[0]",
        "pinv": "x = jax.numpy.linalg.pinv(A) @ b",
        "qr": ("Q, R = jax.numpy.linalg.qr(A)\nx = jax.scipy.linalg.solve_triangular(R, Q.T @ b)"),
        "normal-lu": "x = jax.numpy.linalg.solve(A.T @ A, A.T @ b)",
        "normal-cholesky": "x = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(A.T @ A), A.T @ b)",
        "normal-cg": (
            "eps, most = float(jax.numpy.finfo(A.dtype).eps), 4 * A.shape[1]\n"
            "x = jax.scipy.sparse.linalg.cg(lambda v: A.T @ (A @ v), A.T @ b, tol=eps, maxiter=most)[0]"
        ),
        "lamm-cond": (
            "G = A.T @ A\n"
            "full = jax.numpy.linalg.matrix_rank(G) == A.shape[1]\n"
            "x = jax.numpy.linalg.solve(G, A.T @ b) if full else jax.numpy.linalg.pinv(A) @ b"
        ),
        "lstsq-vmap": (
            "c = 1 - jax.numpy.arange(8, dtype=A.dtype) / 16\n"
            "x = jax.vmap(lambda f: jax.numpy.linalg.lstsq(f * A, b)[0])(c)[0]"
        ),
        "pinv-vmap": (
            "c = 1 - jax.numpy.arange(8, dtype=A.dtype) / 16\n"
            "x = jax.vmap(lambda f: jax.numpy.linalg.pinv(f * A) @ b)(c)[0]"
        ),
        "qr-vmap": (
            "c = 1 - jax.numpy.arange(8, dtype=A.dtype) / 16\n"
            "Q, R = jax.vmap(lambda f: jax.numpy.linalg.qr(f * A))(c)\n"
            "x = jax.vmap(lambda Q, R: jax.scipy.linalg.solve_triangular(R, Q.T @ b))(Q, R)[0]"
        ),
        "normal-cholesky-vmap": (
            "c = 1 - jax.numpy.arange(8, dtype=A.dtype) / 16\n"
            "chol = jax.scipy.linalg.cho_factor, jax.scipy.linalg.cho_solve\n"
            "x = jax.vmap(lambda f: chol[1](chol[0](f * A.T @ (f * A)), f * A.T @ b))(c)[0]"
        ),
        "qr-lq": (
            "Q, R = jax.numpy.linalg.qr(A.T if A.shape[0] < A.shape[1] else A)\n"
            "solve = jax.scipy.linalg.solve_triangular\n"
            'x = Q @ solve(R, b, trans="T") if A.shape[0] < A.shape[1] else solve(R, Q.T @ b)'
        ),
        "qr-pivoted": (
            'Q, R, order = jax.scipy.linalg.qr(A, mode="economic", pivoting=True)\n'
            "d = abs(jax.numpy.diagonal(R))\n"
            "r = int((d > max(A.shape) * jax.numpy.finfo(A.dtype).eps * d[0]).sum())\n"
            "y = jax.scipy.linalg.solve_triangular(R[:r, :r], Q[:, :r].T @ b)\n"
            "x = jax.numpy.zeros(A.shape[1], A.dtype).at[order[:r]].set(y)"
        ),
        "dropping": (
            "kept = []\n"
            "for j in range(A.shape[1]):\n"
            "    mask = jax.numpy.zeros_like(A[0]).at[jax.numpy.array([*kept, j])].set(1)\n"
            "    if jax.numpy.linalg.matrix_rank(A * mask) > len(kept):\n"
            "        kept.append(j)\n"
            "kept = jax.numpy.array(kept, int)\n"
            "K = A[:, kept]\n"
            "y = jax.numpy.linalg.solve(K.T @ K, K.T @ b)\n"
            "x = jax.numpy.zeros(A.shape[1], A.dtype).at[kept].set(y)"
        ),
    },
    "lineax": {
        "auto": (
            "x = lineax.linear_solve(lineax.MatrixLinearOperator(A), b, lineax.AutoLinearSolver(well_posed=None)).value"
        ),
        "qr": "x = lineax.linear_solve(lineax.MatrixLinearOperator(A), b, lineax.QR()).value",
        "svd": "x = lineax.linear_solve(lineax.MatrixLinearOperator(A), b, lineax.SVD()).value",
        "normal-cholesky": (
            "x = lineax.linear_solve(lineax.MatrixLinearOperator(A), b, lineax.Normal(lineax.Cholesky())).value"
        ),
        "lsmr": (
            "eps = float(jax.numpy.finfo(A.dtype).eps)\n"
            "solver = lineax.LSMR(rtol=eps, atol=0.0, conlim=1 / eps)\n"
            "x = lineax.linear_solve(lineax.MatrixLinearOperator(A), b, solver).value"
        ),
    },
    "torch": {
        "gels": 'x = torch.linalg.lstsq(A, b, driver="gels").solution',
        "gelsy": "x = torch.linalg.lstsq(A, b).solution",
        "gelsd": 'x = torch.linalg.lstsq(A, b, driver="gelsd").solution',
        "gelss": 'x = torch.linalg.lstsq(A, b, driver="gelss").solution',
        "pinv": "x = torch.linalg.pinv(A) @ b",
        "qr": (
            "Q, R = torch.linalg.qr(A)\n"
            "x = torch.linalg.solve_triangular(R, (Q.mT @ b).reshape(-1, 1), upper=True)[:, 0]"
        ),
        "normal-cholesky": "x = torch.cholesky_solve((A.mT @ b).reshape(-1, 1), torch.linalg.cholesky(A.mT @ A))[:, 0]",
    },
    "sklearn": {
        "linear-regression": "x = sklearn.linear_model.LinearRegression(fit_intercept=False).fit(A, b).coef_",
        "linear-regression-eps": (
            "eps = numpy.finfo(A.dtype).eps\n"
            "x = sklearn.linear_model.LinearRegression(fit_intercept=False, tol=eps).fit(A, b).coef_"
        ),
        "ridge-cholesky": (
            'x = sklearn.linear_model.Ridge(alpha=0.0, fit_intercept=False, solver="cholesky").fit(A, b).coef_'
        ),
        "ridge-svd": 'x = sklearn.linear_model.Ridge(alpha=0.0, fit_intercept=False, solver="svd").fit(A, b).coef_',
    },
    "statsmodels": {
        "pinv": "x = statsmodels.regression.linear_model.OLS(b, A).fit().params",
        "qr": 'x = statsmodels.regression.linear_model.OLS(b, A).fit(method="qr").params',
    },
}
"""Library → algorithm → what people type."""


def code_of(library: str, algorithm: str) -> str:
    """What people type for a solver; "" if there is no short text."""
    return CODE.get(library, {}).get(algorithm, "")


def call_of(library: str, algorithm: str) -> str:
    """What people type for a solver, in one line, without ``x =`` where it is a single call; "" if there is no text."""
    lines = code_of(library, algorithm).splitlines()
    return lines[0].removeprefix("x = ") if len(lines) == 1 else "; ".join(lines)


def imports_of(code: str) -> list[str]:
    """The modules that a text names, of `MODULES`, in their order there."""
    return [name for name in MODULES if re.search(rf"(?<![\w.]){re.escape(name)}\.", code)]
