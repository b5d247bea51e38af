"""A model of the right shape: what it finds is nothing, that it is asked again and again is what matters."""

import torch
from torch import nn


class SpliceModel(nn.Module):
    def __init__(self, channels=16):
        super().__init__()
        torch.manual_seed(7)
        self.net = nn.Sequential(
            nn.Conv1d(4, channels, 11, padding=5), nn.ReLU(), nn.Conv1d(channels, 3, 1), nn.Softmax(1)
        )

    def forward(self, windows):
        return self.net(windows)

    def predict(self, windows):
        self.eval()
        with torch.no_grad():
            return self(windows)
