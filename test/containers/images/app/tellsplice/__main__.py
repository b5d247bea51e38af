"""tellsplice [BATCHES [WIDTH]]: scores batches of windows and says how many sites it takes for real."""

import sys

import torch

from tellsplice.model import SpliceModel


def encode(batch, width, size=4):
    """Bases as rows of ones and zeros; in plain Python, as such programs do it, and the same every time."""
    windows = torch.zeros(size, 4, width)
    for row in range(size):
        for column in range(width):
            windows[row, (batch * 31 + row * 17 + column * column) % 4, column] = 1
    return windows


def annotate(batches, width):
    model = SpliceModel()
    found = 0
    for batch in range(batches):
        scores = model.predict(encode(batch, width))
        found += int((scores[:, 1] > scores[:, 2]).sum())
    return found


def main():
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    print("%d sites" % annotate(batches, width), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
