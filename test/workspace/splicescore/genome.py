"""Reads reference sequences from FASTA and turns bases into numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_BASES = "ACGT"


class Genome:
    """Contigs of a FASTA file, held in memory in upper case."""

    def __init__(self, path: str | Path) -> None:
        self.contigs: dict[str, str] = {}
        name = None
        parts: list[str] = []
        with open(path, encoding="ascii") as lines:
            for line in lines:
                if line.startswith(">"):
                    self._keep(name, parts)
                    name, parts = line[1:].split()[0], []
                else:
                    parts.append(line.strip().upper())
        self._keep(name, parts)
        if not self.contigs:
            raise ValueError(f"{path} holds no sequence: a line that starts with '>' was expected.")

    def _keep(self, name: str | None, parts: list[str]) -> None:
        if name is not None:
            self.contigs[name] = "".join(parts)

    def window(self, contig: str, position: int, width: int) -> str:
        """`width` bases centred on `position` (from 1), filled up with N beyond the ends."""
        sequence = self.contigs[contig]
        start = position - 1 - width // 2
        left = max(0, -start)
        right = max(0, start + width - len(sequence))
        return "N" * left + sequence[max(0, start) : max(0, start + width)] + "N" * right


def one_hot(sequence: str) -> np.ndarray:
    """Shape (bases, 4), 1 in the column of the base; a row of zeros for anything but A, C, G, T."""
    encoded = np.zeros((len(sequence), len(_BASES)), dtype=np.float32)
    for row, base in enumerate(sequence):
        column = _BASES.find(base)
        if column >= 0:
            encoded[row, column] = 1.0
    return encoded
