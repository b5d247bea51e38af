"""The shape of cytomining/DeepProfiler: TensorFlow's graph mode, run as a folder (`python3 deepprofiler …`)."""

import argparse
import os

import numpy as np
import tensorflow as tf

tf.compat.v1.disable_v2_behavior()


def network(width=16):
    images = tf.compat.v1.placeholder(tf.float32, (None, width * width), "images")
    weights = tf.constant(np.random.RandomState(7).rand(width * width, 8), tf.float32)
    return images, tf.nn.relu(tf.matmul(images, weights), name="features")


def profile(root, sites):
    images, features = network()
    rows = []
    with tf.compat.v1.Session() as session:
        for site in range(sites):
            crops = np.full((32, 256), site / sites, np.float32)
            rows.append(session.run(features, feed_dict={images: crops}).mean(0))
    np.savetxt(os.path.join(root, "outputs.txt"), rows)
    return len(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gpu", default="0")
    parser.add_argument("--root", required=True)
    parser.add_argument("--sites", type=int, default=40)
    parser.add_argument("action", choices=["profile"])
    args = parser.parse_args()
    print("%d sites" % profile(args.root, args.sites), flush=True)
