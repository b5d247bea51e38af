"""One small Keras model, asked thirty times for one row: the shortest program worth profiling."""

import keras
import numpy as np

CALLS = 30

keras.utils.set_random_seed(7)
model = keras.Sequential(
    [
        keras.Input(shape=(64, 4)),
        keras.layers.Conv1D(16, 9, padding="same", activation="relu"),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(3, activation="softmax"),
    ]
)

rng = np.random.default_rng(7)
total = 0.0
for _ in range(CALLS):
    x = rng.random((1, 64, 4), dtype=np.float32)
    y = model.predict(x, verbose=0)
    total += float(y[0, 0])

print(f"called predict {CALLS} times, mean score {total / CALLS:.4f}")
