"""The shape of jacazek/pytorch_gene_recognition: all work is done in children that are spawned, one for each GPU."""

import os
import sys

import torch
import torch.multiprocessing as mp
from gene_model import GeneModel


def demo_basic(rank, batches):
    torch.manual_seed(rank)
    model = GeneModel()
    model.eval()
    found = 0
    with torch.no_grad():
        for _ in range(batches):
            probabilities = model(torch.randint(64, (16, 200)))
            found += int((probabilities > 0.5).sum())
    print("rank %d: %d batches" % (rank, batches), flush=True)


if __name__ == "__main__":
    mp.spawn(demo_basic, args=(int(sys.argv[1]),), nprocs=int(os.environ.get("WORLD_SIZE", "2")))
