"""Command line: reads variants and a genome, writes the variants with scores."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="splicescore", description="Score how variants change splicing.")
    parser.add_argument("-I", "--input", required=True, help="VCF with the variants")
    parser.add_argument("-R", "--reference", required=True, help="FASTA with the genome")
    parser.add_argument("-O", "--output", required=True, help="VCF to write; its folder is made if missing")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the `splicescore` command; returns the exit code."""
    options = _arguments(argv)
    # TensorFlow takes seconds to import: not for a mistyped option.
    from .genome import Genome
    from .scorer import Scorer, score_variants
    from .variants import read_header, read_variants, write_variants

    scorer = Scorer(Genome(options.reference))
    header = read_header(options.input)
    count = write_variants(options.output, header, score_variants(read_variants(options.input), scorer))
    print(f"scored {count} variants")
    return 0


if __name__ == "__main__":
    sys.exit(main())
