"""Reads variants from VCF and writes them back with scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_INFO_HEADER = (
    "##INFO=<ID=SPLICE,Number=.,Type=String,"
    'Description="ALT|acceptor gain|acceptor loss|donor gain|donor loss, each 0 to 1">'
)
_INFO_COLUMN = 7


@dataclass(frozen=True)
class Variant:
    """One line of a VCF. `position` counts from 1; `columns` are all columns as they were read."""

    contig: str
    position: int
    ref: str
    alts: tuple[str, ...]
    columns: tuple[str, ...]


def read_header(path: str | Path) -> list[str]:
    """The lines that start with '#', without line ends."""
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\r\n") for line in lines if line.startswith("#")]


def read_variants(path: str | Path) -> Iterator[Variant]:
    """The variants of a file, in order."""
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#") or not line.strip():
                continue
            columns = line.rstrip("\r\n").split("\t")
            if len(columns) <= _INFO_COLUMN:
                raise ValueError(f"{path}, line {number}: {len(columns)} columns, at least 8 were expected.")
            alts = tuple(columns[4].split(","))
            yield Variant(columns[0], int(columns[1]), columns[3], alts, tuple(columns))


def write_variants(path: str | Path, header: list[str], scored: Iterable[tuple[Variant, list[str]]]) -> int:
    """Writes each variant with its scores, as they come, and returns how many there were."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with open(target, "w", encoding="utf-8", newline="\n") as out:
        out.writelines(line + "\n" for line in [*header[:-1], _INFO_HEADER, *header[-1:]])
        for variant, scores in scored:
            columns = list(variant.columns)
            entry = "SPLICE=" + ",".join(scores)
            info = columns[_INFO_COLUMN]
            columns[_INFO_COLUMN] = entry if info == "." else f"{info};{entry}"
            out.write("\t".join(columns) + "\n")
            count += 1
    return count
