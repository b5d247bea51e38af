"""Writes the sample's genome and variants; the same bytes on every run and every Python."""

from __future__ import annotations

import random
from pathlib import Path

CONTIGS = {"chrA": 12_000, "chrB": 8_000}
VARIANTS = 12
SEED = 20261121
LINE = 60


def make_contig(rng: random.Random, length: int) -> str:
    """Random bases, `length` of them, with a donor and acceptor motif every few hundred."""
    bases = [rng.choice("ACGT") for _ in range(length)]
    at = 200
    while at + 400 < length:
        bases[at : at + 8] = "CAGGTAAG"
        bases[at + 250 : at + 258] = "TTTTTCAG"
        at += 400 + rng.randrange(200)
    return "".join(bases)


def make_variant(rng: random.Random, name: str, genome: dict[str, str], index: int) -> str:
    """One VCF line: two substitutions, then an insertion and a deletion in turn."""
    sequence = genome[name]
    position = rng.randrange(1_000, len(sequence) - 1_000)
    ref = sequence[position - 1]
    alt = rng.choice([base for base in "ACGT" if base != ref])
    if index % 4 == 2:
        alt = ref + "".join(rng.choice("ACGT") for _ in range(1 + rng.randrange(3)))
    elif index % 4 == 3:
        ref, alt = sequence[position - 1 : position + 2], ref
    return f"{name}\t{position}\tv{index + 1:02d}\t{ref}\t{alt}\t.\tPASS\t."


def main() -> None:
    """Writes genome.fa and variants.vcf beside this script."""
    here = Path(__file__).resolve().parent
    rng = random.Random(SEED)
    genome = {name: make_contig(rng, length) for name, length in CONTIGS.items()}
    fasta = []
    for name, sequence in genome.items():
        fasta.append(f">{name} synthetic")
        fasta.extend(sequence[at : at + LINE] for at in range(0, len(sequence), LINE))
    lines = ["##fileformat=VCFv4.2"]
    lines += [f"##contig=<ID={name},length={len(sequence)}>" for name, sequence in genome.items()]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    names = sorted(genome)
    lines += [make_variant(rng, names[i * len(names) // VARIANTS], genome, i) for i in range(VARIANTS)]
    (here / "genome.fa").write_bytes(("\n".join(fasta) + "\n").encode())
    (here / "variants.vcf").write_bytes(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
