"""The shape of Setogit/ntdemo's chatbot: a module's own forward looks for the next word until the sentence ends."""

import torch
from torch import nn


class GreedySearchDecoder(nn.Module):
    def __init__(self, words=50, width=32):
        super().__init__()
        torch.manual_seed(7)
        self.embedding = nn.Embedding(words, width)
        self.rnn = nn.GRU(width, width)
        self.out = nn.Linear(width, words)

    def forward(self, word, length):
        state = None
        said = []
        for _ in range(length):
            output, state = self.rnn(self.embedding(word).unsqueeze(0), state)
            word = self.out(output[0]).argmax(1)
            said.append(int(word))
        return said


def evaluate(searcher, sentences):
    answers = []
    with torch.no_grad():
        for first in range(sentences):
            answers.append(searcher(torch.tensor([first % 50]), 100))
    return answers


if __name__ == "__main__":
    searcher = GreedySearchDecoder()
    searcher.eval()
    print("%d answers" % len(evaluate(searcher, 30)))
