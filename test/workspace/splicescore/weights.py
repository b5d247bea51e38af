"""Builds the five models. Weights are drawn from seeds, so that no file has to be shipped."""

from __future__ import annotations

import keras
from keras import layers

MODELS = 5
FILTERS = 32
BLOCKS = ((11, 1), (11, 4), (21, 10))
"""Kernel width and dilation of each residual block, in bases."""

CLASSES = 3
"""Neither, acceptor, donor."""


class _Seeds:
    """A row of initialisers, each with a seed of its own."""

    def __init__(self, first: int) -> None:
        self._next = first

    def initializer(self) -> keras.initializers.Initializer:
        self._next += 1
        return keras.initializers.GlorotUniform(seed=self._next)


def _residual(x, kernel: int, dilation: int, seeds: _Seeds):
    """Two dilated convolutions over the sequence, added to what came in."""
    y = x
    for _ in range(2):
        y = layers.BatchNormalization()(y)
        y = layers.Activation("relu")(y)
        y = layers.Conv1D(
            FILTERS, kernel, dilation_rate=dilation, padding="same", kernel_initializer=seeds.initializer()
        )(y)
    return layers.Add()([x, y])


def build_model(index: int) -> keras.Model:
    """Model number `index`: one-hot bases of any length in, a probability per base and class out."""
    seeds = _Seeds(1000 * (index + 1))
    sequence = keras.Input(shape=(None, 4), name="bases")
    x = layers.Conv1D(FILTERS, 1, padding="same", kernel_initializer=seeds.initializer())(sequence)
    for kernel, dilation in BLOCKS:
        x = _residual(x, kernel, dilation, seeds)
    out = layers.Conv1D(CLASSES, 1, activation="softmax", kernel_initializer=seeds.initializer())(x)
    return keras.Model(sequence, out, name=f"splice{index}")


def build_models() -> list[keras.Model]:
    """The ensemble."""
    return [build_model(index) for index in range(MODELS)]
