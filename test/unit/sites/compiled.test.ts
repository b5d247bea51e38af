import { beforeAll, describe, expect, it } from 'vitest';
import type { SiteFinder } from '../../../src/sites/finder';
import { brief, testFinder } from './finders';

let finder: SiteFinder;
beforeAll(async () => {
  finder = await testFinder();
});

function found(...lines: string[]): string[] {
  return finder.find('/home/user/m.py', lines.join('\n')).sites.map(brief);
}

const flax = [
  'import jax',
  'from functools import partial',
  'from flax import linen as nn',
  'class Net(nn.Module):',
  '    @nn.compact',
  '    def __call__(self, x):',
  '        return nn.Dense(3)(x)',
  'net = Net()',
];

describe('a compiled function', () => {
  it('is what its body does, however it was compiled', () => {
    expect(
      found(
        ...flax,
        'def run(n, p, x):',
        '    return n.apply(p, x)',
        'fast = jax.pmap(partial(run, net))',
        'both = jax.jit(jax.vmap(net.apply, in_axes=(None, 0)))',
        'short = jax.jit(lambda p, x: net.apply(p, x))',
        'fast(p, x)',
        'both(p, x)',
        'short(p, x)',
        'jax.jit(net.apply)(p, x)',
      ),
    ).toEqual([
      '10 n.apply symbolic jax',
      '13 net.apply symbolic jax',
      '14 fast predict jax',
      '15 both predict jax',
      '16 short predict jax',
      '17 jax.jit(net.apply) predict jax',
    ]);
  });

  it('trains when it takes gradients, and its loss is traced with it', () => {
    expect(
      found(
        ...flax,
        'def loss(p, x, y):',
        '    return ((net.apply(p, x) - y) ** 2).mean()',
        '@jax.jit',
        'def update(p, x, y):',
        '    return jax.grad(loss)(p, x, y)',
        'update(p, x, y)',
      ),
    ).toEqual(['10 net.apply symbolic jax', '13 jax.grad(loss) symbolic jax', '14 update train jax']);
  });

  it('is nothing when no model runs in it', () => {
    expect(
      found(
        'import jax',
        '@jax.jit',
        'def forward(pos, vel):',
        '    return pos + vel',
        'force = jax.jit(jax.grad(lambda pos: (pos ** 2).sum()))',
        'forward(a, b)',
        'force(a)',
      ),
    ).toEqual([]);
  });

  it('handed out by a function, and a network written out', () => {
    expect(
      found(
        ...flax,
        'def make(model):',
        '    @jax.jit',
        '    def infer(p, x):',
        '        return model.apply(p, x)',
        '    return infer',
        'ask = make(net)',
        'ask(p, x)',
        '@jax.jit',
        'def predict(params, x):',
        '    return x @ params["w"]',
        'predict(params, x)',
      ),
    ).toEqual(['12 model.apply symbolic jax', '15 ask predict jax', '19 predict predict jax']);
  });

  it('of TensorFlow runs a Keras model, also by a strategy and in a data set', () => {
    expect(
      found(
        'import tensorflow as tf',
        'model = tf.keras.models.load_model("a")',
        'strategy = tf.distribute.MirroredStrategy()',
        'def step(x):',
        '    return model(x, training=False)',
        '@tf.function',
        'def spread(x):',
        '    return strategy.run(step, args=(x,))',
        'spread(x)',
        'ds = tf.data.Dataset.range(3).batch(2).map(lambda x: model(x))',
        '@tf.function',
        'def resize(image):',
        '    return tf.image.resize(image, (2, 2))',
        'resize(x)',
      ),
    ).toEqual(['5 model symbolic keras', '9 spread predict keras', '10 model symbolic keras']);
  });

  it('of PyTorch', () => {
    expect(
      found(
        'import torch',
        'net = torch.jit.load("a")',
        '@torch.compile(mode="max-autotune")',
        'def denoise(x):',
        '    return x - net(x)',
        'denoise(x)',
        'again = torch.export.load("b").module()',
        'again(x)',
        'torch.func.functional_call(net, params, (x,))',
      ),
    ).toEqual([
      '5 net symbolic torch',
      '6 denoise predict torch',
      '8 again predict torch',
      '9 torch.func.functional_call predict torch',
    ]);
  });

  it('hk.transform: only what runs a module', () => {
    expect(
      found(
        'import haiku as hk',
        '@hk.transform',
        'def score(x):',
        '    return hk.Linear(3)(x)',
        '@hk.transform',
        'def start(n):',
        '    return jnp.zeros(n)',
        'score.apply(params, None, x)',
        'start.apply(params, None, 3)',
      ),
    ).toEqual(['8 score.apply predict jax']);
  });
});

describe('a session of TensorFlow 1', () => {
  const graph = [
    'import tensorflow as tf',
    'x = tf.placeholder(tf.float32, [None, 3])',
    'w = tf.Variable(tf.zeros([3, 2]))',
    'y = tf.nn.softmax(tf.matmul(x, w))',
    'far = tf.reduce_mean(tf.square(y - 1))',
    'go = tf.train.AdamOptimizer().minimize(far)',
    'begin = tf.global_variables_initializer()',
    'total = tf.add(x, x)',
    'sess = tf.Session()',
  ];

  it('is judged by the operations that it fetches', () => {
    expect(
      found(
        ...graph,
        'sess.run(begin)',
        'sess.run([go, far], {x: a})',
        'sess.run({"far": far}, {x: a})',
        'sess.run(w)',
        'sess.run(total, {x: a})',
      ),
    ).toEqual(['11 sess.run train tensorflow', '12 sess.run predict tensorflow']);
  });

  it('need not be named', () => {
    expect(
      found(...graph, 'begin.run()', 'far.eval({x: a})', 'go.run(feed_dict={x: a})', 'w.eval(session=sess)'),
    ).toEqual(['11 far.eval predict tensorflow', '12 go.run train tensorflow']);
  });

  it('makes callables, and runs tensors of a loaded graph and parameters', () => {
    expect(
      found(
        'import tensorflow as tf',
        'def look(sess, tensor, fill):',
        '    sess.run(fill)',
        '    return sess.run(tensor)',
        'with tf.Session() as s:',
        '    graph = tf.get_default_graph()',
        '    out = graph.get_tensor_by_name("head:0")',
        '    look(s, out, queue.enqueue_many([names]))',
        '    fast = s.make_callable(out)',
        '    fast(a)',
      ),
    ).toEqual(['4 sess.run predict tensorflow', '10 fast predict tensorflow']);
  });
});
