"""Small programs for old and new stacks: each makes two networks' worth of calls in its own process, one that
raises, and some in two spawned children.

A program is a head, which knows the framework and has the call sites (`# site`), and the same tail for all.
What each process called it writes down itself, in a file `made-PID`.
"""

# Two input shapes, to see them told apart; batch 1, as the seed users predict.
_INPUTS = """
inputs = [numpy.ones((1, 64, 4), "float32"), numpy.ones((1, 96, 4), "float32")]
wrong = "text"
"""

_LAYERS = (
    'layers.Conv1D(8, 5, padding="same", activation="relu", kernel_initializer="ones", input_shape=(None, 4)), '
    'layers.Conv1D(3, 1, kernel_initializer="ones")'
)

_START = "import os, numpy\n"

HEADS = {
    # TensorFlow 1 as it was written: a session, and Keras in graph mode beside it.
    "graph": (
        "import warnings; warnings.simplefilter('ignore')\n"
        + _START
        + "import tensorflow as tf\n"
        + "from tensorflow.keras import layers\n"
        + _INPUTS
        + "tf.get_logger().setLevel('ERROR')\n"
        + "model = tf.keras.Sequential([%s])\n" % _LAYERS
        + 'x = tf.placeholder(tf.float32, (None, None, 4), name="x")\n'
        + 'y = tf.reduce_sum(tf.nn.conv1d(x, tf.ones((5, 4, 8)), stride=1, padding="SAME"))\n'
        + "session = tf.Session()\n"
        + "def call(data):\n"
        + "    a = session.run(y, {x: data})  # site\n"
        + "    b = model.predict(data)  # site\n"
        + "    return a + b.sum()\n"
    ),
    # Keras inside TensorFlow, in TensorFlow 2's eager mode.
    "tf.keras": (
        _START
        + "from tensorflow import keras\n"
        + "from tensorflow.keras import layers\n"
        + _INPUTS
        + "model = keras.Sequential([%s])\n" % _LAYERS
        + "def call(data):\n    return model.predict(data, verbose=0).sum()  # site\n"
    ),
    # As SpliceAI has it: a stored model, loaded through the package keras.
    "load_model": (
        _START
        + "import tempfile\n"
        + "from keras import Sequential, layers\n"
        + "from keras.models import load_model\n"
        + _INPUTS
        + "with tempfile.TemporaryDirectory() as folder:\n"
        + '    path = os.path.join(folder, "model.h5")\n'
        + "    Sequential([%s]).save(path)\n" % _LAYERS
        + "    model = load_model(path, compile=False)\n"
        + "def call(data):\n    return model.predict(data, verbose=0).sum()  # site\n"
    ),
    "tf_keras": (
        _START
        + "import tf_keras\n"
        + "from tf_keras import layers\n"
        + _INPUTS
        + "model = tf_keras.Sequential([%s])\n" % _LAYERS
        + "def call(data):\n    return model.predict(data, verbose=0).sum()  # site\n"
    ),
    "torch": (
        "import os\nimport torch\n"
        "inputs = [torch.ones(1, 4, 64), torch.ones(1, 4, 96)]\n"
        "wrong = torch.ones(1, 7, 7)\n"
        "torch.set_num_threads(1)\n"
        "torch.manual_seed(1)\n"
        "net = torch.nn.Sequential(torch.nn.Conv1d(4, 8, 5, padding=2), torch.nn.ReLU(), torch.nn.Conv1d(8, 3, 1))\n"
        "net.eval()\n"
        "def call(data):\n"
        "    with torch.no_grad():\n"
        "        out = net(data)  # site\n"
        "    return out.sum().item()\n"
    ),
}

CALLS = 30  # by the program's own process, beside the one that raises
CHILD_CALLS = 5  # by each of two children

_TAIL = """
def work(n):
    total = 0.0
    for i in range(n):
        total += float(call(inputs[i % 2]))
    with open("made-%d" % os.getpid(), "w") as file:
        file.write(str(n))
    return total

def begin(barrier):
    work(CHILD_CALLS)
    barrier.wait()

if __name__ == "__main__":
    import multiprocessing
    print("%.3f" % work(CALLS))
    try:
        call(wrong)
    except Exception:
        print("raised")
    context = multiprocessing.get_context("spawn")
    # Each child works before it takes its first task, and waits for the other: both have made their calls.
    with context.Pool(2, begin, (context.Barrier(2),)) as pool:
        print(pool.map(abs, [-1, 2]))
"""


def program(head):
    """Its text."""
    return HEADS[head] + "CALLS, CHILD_CALLS = %d, %d\n" % (CALLS, CHILD_CALLS) + _TAIL


def site_lines(text):
    """Lines of the call sites, counted from 1."""
    return [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# site")]
