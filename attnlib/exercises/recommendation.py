"""Exercises of the chapter "Recommending films"."""

import math

import numpy as np

from attnlib.exercises._core import (
    Mistake,
    call,
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_leave_one_out(users, films, times):
    """The test film of each user: the one rated last."""
    order = np.lexsort((times, users))  # by user, within a user by time
    ends = np.append(users[order][1:] != users[order][:-1], True)
    return films[order][ends]


@exercise(
    "recommendation.leave_one_out",
    trains="splitting by time, user by user",
    difficulty="warm-up",
    solution=solve_leave_one_out,
    hint="np.lexsort((times, users)) sorts by user first and by time within a user. "
    "Then a user's test film stands where the next row has another user.",
    praise="The last by time of each user, whatever the order of the rows.",
)
def check_leave_one_out(answer):
    """Truth: a loop over users, each with its rating of the latest time."""
    rng = generator()
    users = np.repeat(np.arange(4), rng.integers(6, 8, size=4))
    films = rng.permutation(90)[: len(users)] + 10
    times = np.zeros(len(users), dtype=int)
    rows = [np.flatnonzero(users == user) for user in range(4)]
    for user, own in enumerate(rows):
        # Different rows are last in time, last but one, first, largest and last.
        *middle, first, largest, second, late = rng.permutation(own[:-1])
        in_time = [first, *middle, own[-1], largest, second, late]
        times[in_time] = np.arange(len(own)) * 7 + 100 * ((user + 1) % 3)
        top = own[films[own].argmax()]
        films[[top, largest]] = films[[largest, top]]
    found = call_for_array(answer, (4,), users, films, times)

    def pick(choose):
        return np.array([films[own[choose(own)]] for own in rows], dtype=float)

    compare(
        found,
        pick(lambda own: times[own].argmax()),
        {
            "you take each user's last row; the rows are not in the order of time.": (
                pick(lambda own: -1)
            ),
            "you take each user's first rating; the test film is the last one.": (
                pick(lambda own: times[own].argmin())
            ),
            "this is the last film but one, which is for validation.": (
                pick(lambda own: times[own].argsort()[-2])
            ),
            "these are the largest film numbers; take the latest time.": (
                pick(lambda own: films[own].argmax())
            ),
            "these are times; return the films.": np.array(
                [times[own].max() for own in rows], dtype=float
            ),
            "you sort all ratings by time and take the last four; every user needs a "
            "test film.": films[times.argsort(kind="stable")[-4:]].astype(float),
            "these are places in the rows; return the films.": np.array(
                [own[times[own].argmax()] for own in rows], dtype=float
            ),
        },
        "for each user, in the order of their numbers, return the film with the latest "
        "time.",
    )


def solve_shift(history, length):
    """Inputs and targets of one row, padded with 0 on the left."""
    inputs, targets = history[:-1][-length:], history[1:][-length:]
    room = length - len(inputs)
    return np.stack([np.pad(inputs, (room, 0)), np.pad(targets, (room, 0))])


@exercise(
    "recommendation.shift",
    trains="the order of events in a next-item model",
    difficulty="core",
    solution=solve_shift,
    hint="All films but the last are inputs; all films but the first are targets. Keep "
    "the last `length` of each, then put zeros in front.",
    praise="Each place predicts the film after it, and no target is its own input.",
)
def check_shift(answer):
    """Truth: one pair after the other, from the last backwards."""
    rng = generator()
    for count, length in ((9, 5), (5, 7)):  # a history that is too long, a short one
        history = rng.permutation(np.arange(1, 60))[:count]
        found = call_for_array(answer, (2, length), history, length)
        truth = np.zeros((2, length))
        for back in range(1, min(length, count - 1) + 1):
            truth[:, -back] = history[-back - 1], history[-back]
        inputs = history[:-1]

        def left(row, length=length):
            row = row[-length:]
            return np.pad(row, (length - len(row), 0))

        def right(row, length=length):
            row = row[-length:]
            return np.pad(row, (0, length - len(row)))

        early = [np.pad(row[:length], (max(0, length - len(row)), 0))
                 for row in (inputs, history[1:])]  # fmt: skip
        compare(
            found,
            truth,
            {
                "targets are the inputs themselves: the network only has to copy. Move "
                "them by one place.": np.stack([left(history), left(history)]),
                "inputs and targets are swapped; a network would predict the past.": (
                    truth[::-1]
                ),
                "the padding stands on the right; put it on the left, so that the last "
                "place is always the latest film.": np.stack(
                    [right(inputs), right(history[1:])]
                ),
                "you keep the oldest films of a long history; keep the latest.": (
                    np.stack(early)
                ),
                "the last film is in the inputs, where nothing is left to predict.": (
                    np.stack([left(history), left(np.append(history[1:], 0))])
                ),
            },
            "the target at each place is the film that comes right after the input at "
            f"that place; for history {history.tolist()} and length {length} the last "
            f"pair is {history[-2]}, {history[-1]}.",
        )


def solve_mask_seen(scores, history, k):
    """The k best films that the user has not rated."""
    scores = scores.astype("float64")  # a copy
    scores[history] = -np.inf
    scores[0] = -np.inf  # padding is no film
    return np.argsort(-scores)[:k]


@exercise(
    "recommendation.mask_seen",
    trains="ranking only what can be recommended",
    difficulty="core",
    solution=solve_mask_seen,
    hint="Copy the scores, write minus infinity where the films of the history and the "
    "padding stand, then sort by falling score.",
    praise="Only films that can be recommended, and the caller's scores are as before.",
)
def check_mask_seen(answer):
    """Truth: a walk down the sorted scores that skips what may not be shown."""
    rng = generator()
    count, k = 30, 4
    # All scores are below 0, so that a zero wins. The best five films are a rated one,
    # padding, two that may be shown, and another rated one.
    order = np.append(0, rng.permutation(np.arange(1, count)))
    order[[0, 1]] = order[[1, 0]]
    scores = np.empty(count)
    scores[order] = -1.0 - np.arange(count) * rng.uniform(0.5, 1)
    history = order[[0, 4, 9, 12]]
    before = scores.copy()
    found = call_for_array(answer, (k,), scores, rng.permutation(history), k)
    refuse_where(
        not np.array_equal(scores, before),
        "your function changes the scores that it was given; the next user gets the "
        "spoilt ones. Work on a copy.",
    )
    seen = set(history.tolist())
    truth = [film for film in order if film not in seen and film != 0][:k]
    compare(
        found,
        np.array(truth, dtype=float),
        {
            "films that the user has rated are among them.": order[:k].astype(float),
            "you recommend the padding: number 0 is no film.": np.array(
                [film for film in order if film not in seen][:k], dtype=float
            ),
            "rated films are still among them; only the padding is gone.": np.array(
                [film for film in order if film != 0][:k], dtype=float
            ),
            "these are the worst films; sort by falling score.": np.array(
                [film for film in order[::-1] if film not in seen][:k], dtype=float
            ),
            "the films are right, but the best must come first.": np.array(
                truth[::-1], dtype=float
            ),
            "these are scores; return the numbers of the films.": scores[truth],
        },
        "all films that you return should be hidden: a score of 0 is no mask, because "
        "all others are negative here. Use minus infinity."
        if set(found.tolist()) <= {0.0, *map(float, history)}
        else "return the best films that are neither rated nor padding, best first.",
    )


def solve_ndcg(rank, k):
    """Mean NDCG@k of users with one relevant film each, at `rank` (0 is best)."""
    return np.where(rank < k, 1 / np.log2(rank + 2), 0).mean()


@exercise(
    "recommendation.ndcg",
    trains="NDCG, a score of rankings",
    difficulty="core",
    solution=solve_ndcg,
    hint="With one relevant film the ideal DCG is 1, at rank 0. A film at rank r "
    "counts 1 / log2(r + 2), and 0 from rank k on; average over all users.",
    praise="One relevant film, one discount; whoever misses the list counts as 0.",
)
def check_ndcg(answer):
    """Truth: DCG and ideal DCG over explicit lists of relevance."""
    rng = generator()
    k = int(rng.integers(5, 11))
    rank = np.concatenate([[0, 1, k - 1, k, 5 * k], rng.integers(0, 2 * k, size=4)])
    rank = rng.permutation(rank)
    found = call_for_array(answer, (), rank, k)

    def by_lists(k=k):
        discount = np.array([1 / math.log2(place + 2) for place in range(k)])
        relevance = np.arange(k) == rank[:, None]  # (user, place)
        return np.array([dcg / discount[0] for dcg in relevance @ discount])

    gains = by_lists()
    compare(
        found,
        np.array(gains.mean()),
        {
            "you average over the users who found their film; the others count as 0.": (
                np.array(gains[gains > 0].mean())
            ),
            "this is a sum; average over the users.": np.array(gains.sum()),
            "this is the hit rate: inside the list the rank does not count yet.": (
                np.array((rank < k).mean())
            ),
            "the list has k places, ranks 0 to k - 1; you count rank k too.": (
                np.array(by_lists(k + 1).mean())
            ),
            "you discount every film, wherever it stands; beyond k it counts 0.": (
                np.array(by_lists(200).mean())
            ),
            "this is the reciprocal rank; NDCG discounts by a logarithm.": np.array(
                np.where(rank < k, 1 / (rank + 1), 0).mean()
            ),
            "your logarithm is the natural one: at rank 0 the discount must be 1; take "
            "base 2.": np.array((gains / math.log(2)).mean()),
            "your discount is 1 / log2(rank + 3); at rank 0 it must be 1.": np.array(
                np.where(rank < k, 1 / np.log2(rank + 3.0), 0).mean()
            ),
        },
        "a film at rank r below k counts 1 / log2(r + 2), any other 0; take the mean.",
    )


def solve_item_knn(rated):
    """Cosine of any two films' columns; no film is its own neighbour."""
    together = rated.T @ rated  # (film, film)
    norm = np.sqrt(np.diag(together))
    similarity = together / np.maximum(norm[:, None] * norm, 1e-12)
    np.fill_diagonal(similarity, 0)
    return rated @ similarity


@exercise(
    "recommendation.item_knn",
    trains="a strong baseline without training",
    difficulty="core",
    solution=solve_item_knn,
    hint="rated.T @ rated counts who rated both; its diagonal counts each film. Divide "
    "by the root of both counts, empty the diagonal, then sum over each user's films. "
    "Nobody rated the last film: mind 0 / 0.",
    praise="A film's score is its likeness to what the user has rated.",
)
def check_item_knn(answer):
    """Truth: sets of users and their overlaps, pair by pair."""
    rng = generator()
    users, films = 7, 5
    rated = (rng.random((users, films)) < 0.5).astype(float)
    rated[:4] = [[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 1, 0, 1, 0], [1, 1, 1, 1, 0]]
    rated[:, 0] = 1  # everybody rated film 0, two users film 3, nobody film 4
    rated[4:, 3:] = 0
    with np.errstate(all="ignore"):
        found = call_for_array(answer, (users, films), rated.copy())
    refuse_where(
        not np.isfinite(found).all(),
        "there are numbers that are not finite: the last film has no rating, and 0 / 0 "
        "is not a number. Its similarity is 0.",
    )
    fans = [set(np.flatnonzero(rated[:, film]).tolist()) for film in range(films)]

    def scores(divisor, own=False):
        similarity = np.zeros((films, films))
        for i in range(films):
            for j in range(films):
                both = len(fans[i] & fans[j])
                if both and (own or i != j):
                    similarity[i, j] = both / divisor(fans[i], fans[j])
        return np.array([similarity[row > 0].sum(axis=0) for row in rated])

    def cosine(a, b):
        return math.sqrt(len(a) * len(b))

    compare(
        found,
        scores(cosine),
        {
            "each film counts as its own neighbour, so a user's own films win. Empty "
            "the diagonal.": scores(cosine, own=True),
            "these are plain counts: popular films win everywhere. Divide by the root "
            "of both films' counts.": scores(lambda a, b: 1),
            "you divide by the product of the counts; take its root.": (
                scores(lambda a, b: len(a) * len(b))
            ),
            "this is Jaccard's index (overlap over union); take the cosine.": (
                scores(lambda a, b: len(a | b))
            ),
            "you divide by the count of the user's film alone.": (
                scores(lambda a, b: len(a))
            ),
            "you divide by the count of the recommended film alone.": (
                scores(lambda a, b: len(b))
            ),
        },
        "similarity of two films = users who rated both / root of (users of one x "
        "users of the other); a score is the sum over the user's films.",
    )


def solve_sampled(rank, catalogue, negatives, k):
    """Chance that a film at `rank` enters the top k of a sample."""
    # Each negative, drawn with replacement, beats the film with this chance.
    better = rank / (catalogue - 1)
    return sum(
        math.comb(negatives, i) * better**i * (1 - better) ** (negatives - i)
        for i in range(k)
    )


@exercise(
    "recommendation.sampled",
    trains="why sampled metrics flatter",
    difficulty="hard",
    solution=solve_sampled,
    hint="A drawn film beats the target with chance rank / (catalogue - 1). The target "
    "is in the top k if fewer than k of the drawn films beat it: a binomial sum.",
    praise="Try rank 100 of 3,000 with 100 negatives: a hit almost always, though "
    "nobody scrolls to place 100.",
)
def check_sampled(answer):
    """Truth: the number of better films, convolved one draw after the other."""
    rng = generator()
    catalogue = int(rng.integers(300, 900))
    negatives, k = int(rng.integers(40, 60)), int(rng.integers(3, 6))
    rank = int(catalogue * rng.uniform(0.08, 0.1))
    found = call(answer, rank, catalogue, negatives, k)
    try:
        found = float(found)
    except (TypeError, ValueError):
        raise Mistake(
            f"return one number, a chance; got {type(found).__name__}."
        ) from None

    def chance(better, below):
        spread = np.array([1.0])
        for _ in range(negatives):
            spread = np.convolve(spread, [1 - better, better])
        return np.array(spread[:below].sum())

    better = rank / (catalogue - 1)
    compare(
        np.array(found),
        chance(better, k),
        {
            "with exactly k better films the target is at place k + 1, a miss. Sum up "
            "to k - 1.": chance(better, k + 1),
            "this is the chance of exactly k - 1 better films; sum over 0 to k - 1.": (
                chance(better, k) - chance(better, k - 1)
            ),
            "this is the chance of a miss; take 1 minus it.": 1 - chance(better, k),
            "this is the chance that no drawn film is better, a hit at k = 1.": (
                chance(better, 1)
            ),
            "this is the hit of the full ranking, 0 or 1; a sample is luckier.": (
                np.array(float(rank < k))
            ),
        },
        "count the drawn films that beat the target: each does with chance rank / "
        "(catalogue - 1), and fewer than k may.",
    )
