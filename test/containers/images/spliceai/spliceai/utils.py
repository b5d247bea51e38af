import keras
import numpy as np


class Annotator:
    def __init__(self):
        self.models = [build(seed) for seed in range(5)]


def build(seed):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.layers.Input((None, 4)),
            keras.layers.Conv1D(8, 11, padding="same", activation="relu"),
            keras.layers.Conv1D(3, 1, activation="softmax"),
        ]
    )


def one_hot_encode(sequence):
    return np.eye(4)[["ACGT".index(base) for base in sequence]]


def get_delta_scores(variant, ann, distance=50):
    chromosome, position, reference, alternatives = variant
    before = ("ACGT" * distance)[:distance]
    scores = []
    for alternative in alternatives:
        x_ref = one_hot_encode(before + reference + before)[None, :]
        x_alt = one_hot_encode(before + alternative + before)[None, :]
        y_ref = np.mean([ann.models[m].predict(x_ref, verbose=0) for m in range(5)], axis=0)
        y_alt = np.mean([ann.models[m].predict(x_alt, verbose=0) for m in range(5)], axis=0)
        scores.append(float(abs(y_alt.max() - y_ref.max())))
    return scores
