"""The shape of jubbens/gpfn's inference.py: a loop over chunks, in evaluation mode but with gradients on."""

import argparse
import os
import sys
import tempfile

import torch
from evaluate.model import Mongoose


def load(folder):
    path = os.path.join(folder, "mongoose.pt")
    torch.manual_seed(7)
    torch.save(Mongoose(), path)
    return torch.load(path, weights_only=False)


def run(chunks, size=96):
    with tempfile.TemporaryDirectory() as folder:
        model = load(folder)
    model.eval()
    means = []
    for chunk in range(chunks):
        x = torch.full((1, 2 * size, 64), chunk / chunks)
        y = torch.ones(1, 2 * size, 1)
        output = model(x, y, size)
        means.append(output.mean().item())
    return means


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--docker", action="store_true")
    parser.add_argument("--chunks", type=int, default=40)
    args = parser.parse_args()
    print("loading", file=sys.stderr)
    means = run(args.chunks)
    with open("/data/predictions.txt" if args.docker else "predictions.txt", "w") as out:
        out.writelines("%.5f\n" % mean for mean in means)
    print("%d chunks" % len(means))
