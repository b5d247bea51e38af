from torch import nn


class GeneModel(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.embedding = nn.Embedding(64, width)
        self.rnn = nn.LSTM(width, width, batch_first=True)
        self.binary = nn.Linear(width, 1)

    def forward(self, genes):
        output, _ = self.rnn(self.embedding(genes))
        return self.binary(output[:, -1]).sigmoid()
