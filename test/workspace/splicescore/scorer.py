"""Scores a variant by what the ensemble says about the sequence with and without it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .genome import Genome, one_hot
from .variants import Variant
from .weights import MODELS, build_models

WINDOW = 2001
"""Bases that the models see around a variant."""

DISTANCE = 50
"""Bases to either side of a variant in which a change counts."""


class Scorer:
    """Holds the ensemble and the genome that it is applied to."""

    def __init__(self, genome: Genome) -> None:
        self.genome = genome
        self.models = build_models()


def score_variants(variants: Iterator[Variant], scorer: Scorer) -> Iterator[tuple[Variant, list[str]]]:
    """Each variant with one line of scores per alternate allele."""
    models = scorer.models
    for variant in variants:
        scores = []
        before = scorer.genome.window(variant.contig, variant.position, WINDOW)
        for alt in variant.alts:
            after = _with_allele(before, variant.ref, alt)
            x = one_hot(before)[None, :]
            reference = np.mean([models[m].predict(x, verbose=0) for m in range(MODELS)], axis=0)
            x = one_hot(after)[None, :]
            alternate = np.mean([models[m].predict(x, verbose=0) for m in range(MODELS)], axis=0)
            scores.append(_describe(alt, reference[0], alternate[0]))
        yield variant, scores


def _with_allele(window: str, ref: str, alt: str) -> str:
    """The window with the variant at its centre; its length changes with an insertion or deletion."""
    centre = len(window) // 2
    found = window[centre : centre + len(ref)]
    if found != ref:
        raise ValueError(f"The genome has {found} where the variant says {ref}: another genome was used.")
    return window[:centre] + alt + window[centre + len(ref) :]


def _describe(alt: str, reference: np.ndarray, alternate: np.ndarray) -> str:
    """Largest gain and loss of acceptors and donors near the variant, each 0 to 1."""
    centre = WINDOW // 2
    near = slice(centre - DISTANCE, centre + DISTANCE + 1)
    change = alternate[near, 1:] - reference[near, 1:]
    gains = change.max(axis=0).clip(min=0)
    losses = (-change).max(axis=0).clip(min=0)
    return f"{alt}|{gains[0]:.4f}|{losses[0]:.4f}|{gains[1]:.4f}|{losses[1]:.4f}"
