"""Exercises of the chapter "Four ways to score"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_additive(query, key, A, B, v):
    """Additive scores (query, key)."""
    hidden = (query @ A)[:, None] + (key @ B)[None]  # (query, key, units)
    return np.tanh(hidden) @ v  # (query, key)


def _additive(query, key, A, B, v, bend=math.tanh, sign=1.0):
    """Additive scores as loops over single numbers."""
    depth, units = range(len(A)), range(len(v))
    return np.array([
        [
            sum(
                v[i] * bend(sum(q[j] * A[j][i] + sign * k[j] * B[j][i] for j in depth))
                for i in units
            )
            for k in key
        ]
        for q in query
    ])  # fmt: skip


@exercise(
    "scores.additive",
    trains="the additive score by broadcasting",
    difficulty="warm-up",
    solution=solve_additive,
    hint="Project first: query @ A and key @ B. Then give both a new axis, so that "
    "their sum has shape (query, key, units).",
    praise="Each pair has a hidden vector of its own; that is the price of the tanh.",
)
def check_additive(answer):
    """Truth: loops over single numbers; typical slips are computed and compared."""
    rng = generator()
    query, key = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    A, B = rng.normal(size=(2, 4, 6))
    v = rng.uniform(0.5, 1.5, size=6)
    found = call_for_array(answer, (3, 5), query, key, A, B, v)
    truth = _additive(query, key, A, B, v)
    powers = np.exp(truth - truth.max())
    compare(
        found,
        truth,
        {
            "the tanh is missing: without it query and key never meet, and each key "
            "gets the same score from all queries up to a shift.": (
                _additive(query, key, A, B, v, bend=float)
            ),
            "v is missing: it weighs the units before they are summed.": (
                _additive(query, key, A, B, np.ones(6))
            ),
            "you average over the units; take their sum weighted by v.": (
                _additive(query, key, A, B, v / 6)
            ),
            "A and B have changed places: A belongs to the query, B to the key.": (
                _additive(query, key, B, A, v)
            ),
            "you subtract the projected key from the projected query; add the two.": (
                _additive(query, key, A, B, v, sign=-1.0)
            ),
            "the tanh comes too late: bend each unit, then weigh it with v.": np.tanh(
                _additive(query, key, A, B, v, bend=float)
            ),
            "you take tanh of query and key apart and then add; the tanh must come "
            "after the sum.": (np.tanh(query @ A) @ v)[:, None]
            + (np.tanh(key @ B) @ v)[None],
            "you multiply the projections; the additive score adds them.": np.array(
                [[np.tanh((q @ A) * (k @ B)) @ v for k in key] for q in query]
            ),
            "these are weights; the softmax is not part of the score.": (
                powers / powers.sum(axis=1, keepdims=True)
            ),
        },
        "expected v . tanh(query A + key B) for each pair; compare one pair by hand.",
    )


def solve_products(n, m, d, u):
    """Multiplications of additive minus those of bilinear scores."""
    additive = n * d * u + m * d * u + n * m * u
    bilinear = n * d * d + n * m * d
    return additive - bilinear


def _count_products(n, m, d, u):
    """Walk through both computations and count one product at a time."""
    project_queries = sum(1 for _ in range(n) for _ in range(u) for _ in range(d))
    project_keys = sum(1 for _ in range(m) for _ in range(u) for _ in range(d))
    weigh_units = sum(1 for _ in range(n) for _ in range(m) for _ in range(u))
    turn_queries = sum(1 for _ in range(n) for _ in range(d) for _ in range(d))
    compare_pairs = sum(1 for _ in range(n) for _ in range(m) for _ in range(d))
    additive = project_queries + project_keys + weigh_units
    return additive - turn_queries - compare_pairs


@exercise(
    "scores.products",
    trains="counting what two scores cost",
    difficulty="core",
    solution=solve_products,
    hint="A matrix product of shapes (a, b) and (b, c) takes a * b * c products. "
    "Additive: two projections, then v. Bilinear: query @ W, then with the keys.",
    praise="For n=50, m=50, d=64, u=8 the additive score needs the fewer products.",
)
def check_products(answer):
    """Truth: both computations walked through, one product at a time."""
    rng = generator()
    # In these ranges no two of the slips below give the same count.
    n, m = int(rng.integers(2, 5)), int(rng.integers(7, 12))
    d, u = int(rng.integers(13, 18)), int(rng.choice([19, 23]))
    found = float(call_for_array(answer, (), n, m, d, u))
    truth = _count_products(n, m, d, u)
    bilinear = n * d * d + n * m * d
    additive = truth + bilinear
    compare(
        found,
        truth,
        {
            "this is bilinear minus additive; return it the other way round.": -truth,
            "these are the products of the additive score alone; subtract those of "
            "the bilinear one.": additive,
            "these are the products of the bilinear score alone.": bilinear,
            "the products with v are missing: one a unit and pair.": (
                truth - n * m * u
            ),
            "you project anew for each pair; each query and each key needs it once.": 2
            * n
            * m
            * d
            * u
            + n * m * u
            - bilinear,
            "the projection of the keys is missing.": truth - m * d * u,
            "the projection of the queries by A is missing.": truth - n * d * u,
            "query @ W is missing from the bilinear score.": truth + n * d * d,
            "you turn each key by W as well; it is enough to turn the queries.": (
                truth - m * d * d
            ),
            "you turn the query by W anew for each pair; once a query is enough.": (
                additive - n * m * d * d - n * m * d
            ),
        },
        f"for n={n}, m={m}, d={d}, u={u} walking through all steps gives "
        f"{additive} for additive and {bilinear} for bilinear.",
    )


def solve_change_of_basis(M, N):
    """W with (query M) W (key N)^T = query key^T."""
    return np.linalg.inv(M) @ np.linalg.inv(N).T


@exercise(
    "scores.change_of_basis",
    trains="what a bilinear score can learn to undo",
    difficulty="core",
    solution=solve_change_of_basis,
    hint="The score of what is stored is query M W N^T key^T. What must M W N^T be?",
    praise="M W N^T is the identity. A bilinear score can undo any change of basis.",
)
def check_change_of_basis(answer):
    """Truth: M W N^T is the identity, solved as linear equations; no inverse taken."""
    rng = generator()
    while True:
        M, N = rng.normal(size=(2, 4, 4))
        if max(np.linalg.cond(M), np.linalg.cond(N)) < 20:
            break
    found = call_for_array(answer, (4, 4), M, N)
    left = np.linalg.solve(M, np.eye(4))  # the inverse of M
    right = np.linalg.solve(N, np.eye(4))
    compare(
        found,
        np.linalg.solve(M, np.linalg.solve(N, np.eye(4)).T),
        {
            "you undo N on the wrong side: the keys stand transposed in the score, so "
            "their inverse must be transposed, too.": left @ right,
            "this is the transpose of what is asked: M stands left of W, N right of "
            "it.": right @ left.T,
            "you undo M alone; the keys were changed, too.": left,
            "you undo N alone; the queries were changed, too.": right.T,
            "this changes the basis once more; take inverses.": M @ N.T,
            "transposes are inverses of rotations only; M and N are no rotations.": (
                M.T @ N
            ),
            "the order is the wrong way round: M stands next to the query, so its "
            "inverse comes first.": right.T @ left,
            "the identity works only where nothing was changed.": np.eye(4),
        },
        "with your W the scores of what is stored differ from the original dot "
        "products; M W N^T must be the identity.",
    )


def solve_unseen(key):
    """A unit vector with the same dot product with all keys."""
    vector = np.linalg.solve(key, np.ones(len(key)))
    return vector / np.linalg.norm(vector)


@exercise(
    "scores.unseen",
    trains="directions of a query that no weight depends on",
    difficulty="hard",
    solution=solve_unseen,
    hint="The scores may move if all move by the same number: look for a vector whose "
    "dot product with every key is the same, say 1.",
    praise="The scores move, the weights stay: that direction is lost on these keys.",
)
def check_unseen(answer):
    """Truth: weights with and without the vector, for random queries."""
    rng = generator()
    while True:
        key = rng.normal(size=(5, 5))
        mean = key.mean(axis=0) / np.linalg.norm(key.mean(axis=0))
        lead = np.linalg.svd(key)[2]
        differences = (key - key.mean(axis=0)) @ np.stack([mean, *lead, *key]).T
        if np.linalg.cond(key) < 20 and np.ptp(differences, axis=0).min() > 0.2:
            break
    vector = call_for_array(answer, (5,), key)
    refuse_where(not np.isfinite(vector).all(), "there are NaN or infinite entries.")
    length = np.linalg.norm(vector)
    refuse_where(
        length < 1e-6, "the zero vector changes nothing, of course; find another one."
    )
    query = rng.normal(size=(20, 5))
    moved = key @ vector  # how far each score moves
    gap = max(
        abs(_ratio(key, q + vector, j) / _ratio(key, q, j) - 1)
        for q in query
        for j in range(1, 5)
    )
    unit = vector / length
    refuse_where(
        gap > 1e-3 and min(np.abs(unit - mean).max(), np.abs(unit + mean).max()) < 1e-4,
        "this is the mean of the keys; adding it to the *keys* would change nothing, "
        "but here it goes to the query.",
    )
    refuse_where(
        gap > 1e-3
        and min(np.abs(unit - lead[-1]).max(), np.abs(unit + lead[-1]).max()) < 1e-4,
        "this direction is the most nearly orthogonal to all keys, but not quite: "
        "look for one that is orthogonal to their *differences*.",
    )
    refuse_where(
        gap > 1e-3,
        "the weights change: your vector moves the scores of the five keys by "
        f"{', '.join(f'{x:.2f}' for x in moved)}; it must move all by the same number.",
    )
    refuse_where(
        abs(length - 1) > 1e-4,
        f"the direction is right, but your vector has length {length:.3f}, not 1.",
    )


def _ratio(key, query, j):
    """Weight of key j over the weight of key 0, from their difference alone."""
    return math.exp(min((key[j] - key[0]) @ query, 700.0))
