"""Which n-grams become columns: scikit-learn's rules of document frequency and size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from rebake.nlu.featurizers.frequency_order import most_frequent


def learn_vocabulary(
    documents: Sequence[Sequence[str]],
    ngrams: Callable[[str], list[str]],
    *,
    min_df: float = 1,
    max_df: float = 1.0,
    max_features: int | None = None,
) -> dict[str, int]:
    """The n-grams of the documents with their columns, which are their alphabetical ranks.

    Args:
        documents: each a sequence of texts that are analysed on their own; empty documents count for shares.
        ngrams: what to count in a text.
        min_df: in how many documents an n-gram must stand; a float is a share of all documents.
        max_df: in how many it may stand at most; likewise.
        max_features: keep only the most frequent; which of equally frequent ones, :mod:`frequency_order` says.

    Returns:
        n-gram -> column, in the order of first appearance (as scikit-learn keeps its dictionary); empty where nothing
        is left.
    """
    least = min_df if isinstance(min_df, int) else min_df * len(documents)
    most = max_df if isinstance(max_df, int) else max_df * len(documents)
    if least <= 1 and most >= len(documents) and max_features is None:
        return _ranked(dict.fromkeys(chain.from_iterable(map(ngrams, _distinct(documents)))))
    total: Counter[str] = Counter()
    in_documents: Counter[str] = Counter()
    for document in documents:
        counts = Counter(chain.from_iterable(map(ngrams, document)))
        total.update(counts)
        in_documents.update(counts.keys())
    kept = [ngram for ngram, count in in_documents.items() if least <= count <= most]
    if max_features is not None and len(kept) > max_features:
        ranked = sorted(kept)
        kept = [ranked[index] for index in most_frequent([total[ngram] for ngram in ranked])[:max_features]]
    return _ranked(kept)


def grown(known: Mapping[str, int], learnt: Mapping[str, int]) -> dict[str, int]:
    """A vocabulary with the n-grams of another one that it lacks, behind its own columns, in alphabetical order.

    Those that it has keep their columns, which the weights of a trained network belong to.
    """
    new = sorted(learnt.keys() - known.keys())
    return {**known, **{ngram: len(known) + rank for rank, ngram in enumerate(new)}}


def _distinct(documents: Sequence[Sequence[str]]) -> Iterable[str]:
    return dict.fromkeys(chain.from_iterable(documents))


def _ranked(ngrams: Iterable[str]) -> dict[str, int]:
    ngrams = list(ngrams)
    ranks = {ngram: rank for rank, ngram in enumerate(sorted(ngrams))}
    return {ngram: ranks[ngram] for ngram in ngrams}
