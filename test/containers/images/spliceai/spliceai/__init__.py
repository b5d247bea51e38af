"""The shape of Illumina/SpliceAI: five models that are asked in turn, for each allele of each variant."""
