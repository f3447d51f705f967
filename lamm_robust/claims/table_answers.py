"""Claims about answers: what is said, where, what is done about it, and by which function.

Sentences are the documents' claims in our words. Claims of no document are neighbours of theirs: what a reader asks
next.
"""

from __future__ import annotations

from lamm_robust.claims import algebra, dropping, fit, gram, library, loop, orthogonal, pinv, rank, timing
from lamm_robust.claims.finding import Claim, Source

NOTES, CHAPTER, OURS = Source.NOTES, Source.CHAPTER, Source.NEIGHBOUR

ANSWERS: tuple[Claim, ...] = (
    Claim(
        "dropping = pinv at full rank",
        "If the columns are independent, dropping redundant columns and the pseudo-inverse give the same answer.",
        NOTES,
        "Both in float64 on 30×10 problems of full rank, one for each decade of κ and five seeds: how far apart are "
        "the answers? The same means six common digits.",
        dropping.dropping_is_pinv,
    ),
    Claim(
        "dropping = pinv when deficient",
        "With redundant columns, too, both give the same solution.",
        OURS,
        "Both on matrices of exactly known rank: the length of the answers beside that of A⁺b, and how well they fit.",
        dropping.dropping_is_not_shortest,
    ),
    Claim(
        "dropping may miss directions",
        "Dropping columns may miss directions that matter.",
        NOTES,
        "Columns that are exactly redundant, and independent ones with b along their weakest direction, in float32: "
        "what share of b does the answer miss?",
        dropping.dropping_misses_directions,
    ),
    Claim(
        "both end at similar magnitudes",
        "The original and the compiled loop converge to similar final magnitudes, within 5 % (1.23e-5 and 1.19e-5).",
        NOTES,
        "Both loops on a mesh of four modes in float32, from the same start and with the same directions, 20 seeds: "
        "near and far targets, to 1e-5 and as far as 100 steps get, and targets out of reach; with 4, 9 and 12 "
        "directions for nine degrees of freedom. It holds if nine of ten pairs are within 5 %. Beside them the Python "
        "loop with the compiled solver: is it the solver or the loop?",
        loop.similar_magnitudes,
    ),
    Claim(
        "neither loop ends lower as a rule",
        "Which of the two loops ends nearer to the target is chance.",
        OURS,
        "The same loops, as far as they get, where they differ by 5 % or more: how often is the compiled one lower? It "
        "holds if a fair coin is as far from half more often than once in a hundred times.",
        loop.equally_good,
    ),
    Claim(
        "the solver does not change the steps",
        "The loop needs the same number of steps with any correct solver.",
        OURS,
        "The compiled loop with five solvers, the same starts and directions, to near and to far targets, with 4, 9 "
        "and 12 directions for nine degrees of freedom. It holds if that is so for nine of ten targets.",
        loop.solver_changes_steps,
    ),
    Claim(
        "pinv minimises the residual",
        "A⁺b minimises ‖Ax − b‖.",
        NOTES,
        "In rationals, on matrices of full and deficient rank of five shapes: Aᵀ(b − AA⁺b) = 0, which is true of "
        "minimisers only.",
        algebra.minimises_residual,
    ),
    Claim(
        "pinv is the shortest minimiser",
        "Among all minimisers, A⁺b has the smallest norm.",
        NOTES,
        "In rationals: A⁺b is a minimiser and orthogonal to a basis of the null space that is computed without it, "
        "and adding any of the basis makes it longer by Pythagoras.",
        algebra.minimises_norm,
    ),
    Claim(
        "solvers return the shortest",
        "A library's pinv or lstsq returns that shortest solution.",
        OURS,
        "Eight solvers that promise it, on matrices of exactly known deficient rank in both precisions, by verdict.",
        pinv.solvers_return_shortest,
    ),
    Claim(
        "pinv handles near-deficient A by itself",
        "The pseudo-inverse handles (nearly) redundant columns automatically.",
        NOTES,
        "jax.numpy.linalg.pinv in float32 on 30×10 problems of full rank, two for each decade of κ and five seeds, "
        "beside lstsq and QR. Its cutoff is 10·max(m, n)·eps.",
        pinv.pinv_cuts_early,
    ),
    Claim(
        "pinv handles every edge case",
        "The pseudo-inverse handles every edge case.",
        NOTES,
        "jax.numpy.linalg.pinv on the quick profile's deficient and empty matrices, extreme scales, NaN and ∞, "
        "several right-hand sides and x★ = 0, in both precisions, by verdict.",
        pinv.pinv_edge_cases,
    ),
    Claim(
        "pinv is numerically stable",
        "Multiplying b by the pseudo-inverse is the numerically stable way.",
        CHAPTER,
        "Forward and backward errors of numpy.linalg.pinv(A) @ b by κ, beside lstsq, which applies the same SVD "
        "without forming A⁺.",
        pinv.pinv_is_stable,
    ),
    Claim(
        "A⁺A = I",
        "The pseudo-inverse is a left inverse: A⁺A = I.",
        CHAPTER,
        "In rationals, on matrices of full and deficient rank of five shapes.",
        algebra.left_inverse,
    ),
    Claim(
        "AA⁺ is a projector",
        "AA⁺ is the orthogonal projector onto the range of A.",
        CHAPTER,
        "In rationals, on the same matrices: P² = P, Pᵀ = P, PA = A and rank P = rank A.",
        algebra.projector,
    ),
    Claim(
        "A⁺ = (AᵀA)⁻¹Aᵀ",
        "The pseudo-inverse is (AᵀA)⁻¹Aᵀ.",
        CHAPTER,
        "In rationals, on the same matrices; and what float64 makes of the formula where AᵀA has no inverse.",
        algebra.gram_formula,
    ),
    Claim(
        "the rank test is sensitive",
        "A numerical rank test depends on small changes and on its tolerance.",
        NOTES,
        "Seven solvers that report a rank, on matrices whose smallest singular values pass through the tolerances and"
        " on mesh problems at and above the degrees of freedom: do they agree?",
        rank.rank_test_is_sensitive,
    ),
    Claim(
        "rank(AᵀA) = rank(A)",
        "AᵀA has the rank of A.",
        CHAPTER,
        "In rationals, on matrices of full and deficient rank of five shapes.",
        algebra.gram_rank,
    ),
    Claim(
        "rank(XᵀX) tells when to switch",
        "If rank(XᵀX) is full, the normal equations can be used; otherwise the pseudo-inverse is needed.",
        NOTES,
        "Forward errors of the compiled solver by κ in float64, beside those of its two branches.",
        rank.gram_rank_as_switch,
    ),
    Claim(
        "κ(AᵀA) = κ(A)²",
        "The condition number of AᵀA is the square of that of A.",
        CHAPTER,
        "Matrices of whole numbers whose AᵀA has whole eigenvalues: the ratios of the roots of exact characteristic "
        "polynomials of AᵀA and of (AᵀA)².",
        algebra.squared_condition,
    ),
    Claim(
        "float64 shows κ(AᵀA) = κ(A)²",
        "The same can be seen with numpy.linalg.cond.",
        OURS,
        "numpy.linalg.cond of AᵀA as float64 forms it, over the certified κ(A)², by κ: within 1 %?",
        gram.float64_sees_square,
    ),
    Claim(
        "AᵀA must never be formed",
        "Never form AᵀA in numerical work: it squares κ.",
        CHAPTER,
        "Forward errors of Cholesky on AᵀA and of QR by κ, with a residual of 1e-12 and one as long as Ax: up to "
        "where is the error one that rounding A and b makes anyway?",
        gram.never_form_gram,
    ),
    Claim(
        "normal equations end at κ = 1/√u",
        "Beyond κ = 1/√u, the normal equations have no correct digit.",
        OURS,
        "The first of two κ per decade at which Cholesky refuses AᵀA or errs by ‖x★‖, in both precisions, five seeds: "
        "is it within ten times of 1/√u, since n and the spectrum enter?",
        gram.breakdown,
    ),
    Claim(
        "Cholesky rather than LU",
        "If AᵀA is formed, Cholesky solves it better than LU.",
        OURS,
        "Errors of both by κ, and what happens where AᵀA is singular to rounding: a refusal, or a silent failure?",
        gram.cholesky_or_lu,
    ),
    Claim(
        "AᵀA costs an extra O(mn²)",
        "The normal equations need an extra O(mn²) to form AᵀA.",
        CHAPTER,
        "The time of AᵀA in float64 as m grows at n = 64, and as n grows at m = 4096; exponents within ½.",
        timing.gram_costs,
    ),
    Claim(
        "normal equations cost more",
        "With that extra, the normal equations cost more than QR.",
        OURS,
        "Normal equations by Cholesky, QR and lstsq in NumPy, and LAPACK's xGELS by SciPy, in turns: decided by xGELS.",
        timing.normal_equations_cost_more,
    ),
    Claim(
        "QR avoids squaring κ",
        "QR does not square the condition number, as the normal equations do.",
        CHAPTER,
        "The exponents of κ, fitted to the errors of both from κ = 1e2 to 1e7, without a residual and with one as "
        "long as Ax.",
        orthogonal.qr_avoids_squaring,
    ),
    Claim(
        "a residual brings κ² back",
        "With a large residual, no solver avoids κ²: it is in the problem.",
        OURS,
        "The same exponents for QR, lstsq, pinv and the normal equations, with a residual as long as Ax.",
        orthogonal.residual_brings_square,
    ),
    Claim(
        "NumPy's lstsq uses QR",
        "numpy.linalg.lstsq uses a QR factorisation internally.",
        CHAPTER,
        "Which LAPACK drivers NumPy is linked to, whether the singular values that it returns are those of A, and "
        "whether it finds A⁺b where A is deficient, as a QR cannot. For m ≫ n, xGELSD takes a QR first and then the "
        "SVD of R: what solves is the SVD.",
        library.lstsq_is_no_qr,
    ),
    Claim(
        "the residual is orthogonal to the range",
        "The residual is orthogonal to the columns of A: Aᵀr = 0.",
        CHAPTER,
        "In rationals, on matrices with more rows than their rank; and by numpy.linalg.lstsq in units of rounding.",
        fit.residual_is_orthogonal,
    ),
    Claim(
        "SSE = ‖r‖²",
        "The sum of squared errors is ‖r‖².",
        CHAPTER,
        "In rationals: Σ(yᵢ − ŷᵢ)² = ‖r‖², and the shortcuts ‖b‖² − ‖Ax‖² = bᵀb − bᵀAx, which are true of minimisers "
        "only.",
        fit.pythagoras,
    ),
    Claim(
        "lstsq returns the SSE",
        "The second result of numpy.linalg.lstsq is the SSE.",
        OURS,
        "That result beside the certified ‖r★‖², on matrices of full and deficient rank of five shapes.",
        library.lstsq_returns_sse,
    ),
    Claim(
        "the quadratic fit",
        "Fitting a quadratic to (0, 1.0), (1, 2.1), (2, 3.9), (3, 8.2), (4, 15.8) has one solution, and all methods "
        "find it.",
        CHAPTER,
        "The coefficients as fractions, from the decimals; and six solvers in both precisions: do they agree to four "
        "decimals?",
        fit.quadratic,
    ),
)
