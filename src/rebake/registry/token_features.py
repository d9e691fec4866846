"""The features that components see of tokens, and the option that names them; the components compute them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rebake.registry.options import Option, Problem

SHAPES: Final = frozenset(
    {"title", "upper", "digit", "prefix2", "prefix5", "suffix1", "suffix2", "suffix3", "suffix5"}
)  # fmt: skip
PARTS_OF_SPEECH: Final = frozenset({"pos", "pos2"})
LEXICAL_FEATURES: Final = SHAPES | PARTS_OF_SPEECH | {"low", "BOS", "EOS"}
CRF_PATTERN: Final = "pattern"  # which regexes and lookup tables match
CRF_FEATURES: Final = SHAPES | PARTS_OF_SPEECH | {"low", "bias", CRF_PATTERN, "text_dense_features", "entity"}


@dataclass(frozen=True, slots=True)
class FeatureWindow(Option):
    """Names of features per neighbour of a token.

    Attributes:
        features: the known names.
        is_centred: as many neighbours before as after, so that the number of lists is odd.
        needs: feature -> what an earlier component must provide for it; others work with any tokenizer.
        patterns: the feature that says which regexes and lookup tables match; None: there is none.
    """

    features: frozenset[str]
    is_centred: bool = False
    needs: Mapping[str, str] | None = None
    patterns: str | None = None

    def _problem(self, value: object) -> Problem | None:
        number = "an odd number of lists (before, the token itself, after)" if self.is_centred else "a list of lists"
        fix = f"Give {number} of these: {', '.join(sorted(self.features))}."
        if not isinstance(value, list) or not all(isinstance(names, list) for names in value):
            return Problem("is not a list of lists.", fix)
        if self.is_centred and len(value) % 2 != 1:
            return Problem(f"has {len(value)} lists, and none is in the middle.", fix)
        for place, features in enumerate(value):
            for inner, name in enumerate(features):
                if not isinstance(name, str) or name not in self.features:
                    return Problem(f"names {name!r}, and there is no feature {name!r}.", fix, (place, inner))
        return None
