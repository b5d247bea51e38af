/** Follows what a TensorFlow 1 session fetches back to the operations that it was made by. */

import { ancestor, child, type SyntaxNode } from '../tree';
import { dominates } from './bindings';
import type { Evidence } from './evidence';
import { canonicalPath } from './frameworks';
import { argumentsOf, lastName, parametersOf, textOf, unwrap } from './nodes';
import type { ValueSource } from './values';

export type Purpose = 'nothing' | 'training' | 'prediction' | 'unsaid';

/** What a tensor is computed of. `net`: by a layer of a network; `foreign`: by a function that we cannot see. */
interface Made {
  input: boolean;
  weight: boolean;
  net: boolean;
  train: boolean;
  foreign: boolean;
  /** An operation that only prepares, counts or logs. */
  chore: boolean;
}

const nothing: Made = {
  input: false,
  weight: false,
  net: false,
  train: false,
  foreign: false,
  chore: false,
};
const chore: Made = { ...nothing, chore: true };

const maxDepth = 30;
const mostSteps = 600;
const mostCallers = 4;

const layers =
  /^tensorflow\.(?:layers\.|contrib\.(?:layers|slim|rnn|seq2seq|crf)\.|nn\.(?:conv|depthwise_conv|separable_conv|atrous_conv|softmax|log_softmax|sigmoid|relu|elu|selu|leaky_relu|dropout|dynamic_rnn|static_rnn|bidirectional|raw_rnn|rnn|xw_plus_b|in_top_k|batch_norm|lrn|max_pool|avg_pool|bias_add|fused_batch_norm|\w*cross_entropy)|import_graph_def$|losses\.|metrics\.)|^keras\.layers\./;
const training =
  /^tensorflow\.(?:contrib\.(?:layers\.optimize_loss|slim\.learning\.create_train_op|training\.create_train_op)|gradients$)/;
const chores =
  /^tensorflow\.(?:\w*initializers?$|initialize\w*$|(?:\w+\.)*\w*_initializer$|global_variables|local_variables|trainable_variables|assign|summary\.|train\.(?:string_input_producer|batch|shuffle_batch|Saver|get\w*|start\w*|write_graph|range_input_producer|slice_input_producer)|data\.|io\.|image\.|random|truncated_normal|constant$|range$|zeros|ones|no_op$|read_file|report_uninitialized|tables_initializer|placeholder|FIFOQueue|shape$|string|py_func|decode|test\.|contrib\.summary|reset_default_graph|gfile)/;
const inputs = /^tensorflow\.(?:sparse_)?placeholder(?:_with_default)?$/;
const weights = /^tensorflow\.(?:Variable|get_variable|contrib\.framework\.\w*variable)$/;

/** Methods of tensors, operations, iterators and queues. */
const choreMethods =
  /^(?:initializer|string_handle|make_\w+iterator|enqueue\w*|dequeue\w*|size|close|assign\w*|merge_all|run_init|get_shape|read|save|restore|initialized_value)$/;

/** Answers for one call of a session; kept no longer. */
export class Fetches {
  readonly #active = new Set<SyntaxNode>();
  #steps = 0;

  constructor(private readonly evidence: Evidence) {}

  purposeOf(fetched: SyntaxNode): Purpose {
    const each = this.#parts(fetched).map((part) => this.#ofOne(part));
    for (const purpose of ['training', 'prediction', 'unsaid'] as const)
      if (each.includes(purpose)) return purpose;
    return 'nothing';
  }

  /** `[a, b]`, `{"a": a}`, `(a, b)` fetch what is in them. */
  #parts(node: SyntaxNode): SyntaxNode[] {
    const inner = this.#listed(unwrap(node));
    if (inner.type === 'dictionary')
      return inner.children.flatMap((pair) => {
        const value = child(pair, 'value');
        return value ? this.#parts(value) : [];
      });
    // `[loss, outputs] if fetches is None else fetches`
    if (inner.type === 'conditional_expression') {
      const [then, , otherwise] = inner.children.filter((each) => each.named && each.type !== 'comment');
      return [then, otherwise].flatMap((each) => (each ? this.#parts(each) : []));
    }
    return ['list', 'tuple', 'set', 'expression_list'].includes(inner.type)
      ? inner.children
          .filter((each) => each.named && each.type !== 'comment')
          .flatMap((each) => this.#parts(each))
      : [inner];
  }

  /** Of `fetches = [loss, outputs]` the list, where the name has no other value. */
  #listed(node: SyntaxNode): SyntaxNode {
    if (node.type !== 'identifier') return node;
    const found = this.evidence.bindings.find(textOf(node, this.evidence.text), node);
    const source =
      found?.bindings.length === 1 && found.elements.length === 0 ? found.bindings[0]!.source : undefined;
    if (source?.from !== 'expression' || source.path.length > 0) return node;
    const held = unwrap(source.node);
    return ['list', 'tuple', 'dictionary', 'conditional_expression'].includes(held.type) ? held : node;
  }

  #ofOne(node: SyntaxNode): Purpose {
    const text = textOf(node, this.evidence.text);
    if (node.type === 'string') {
      if (/init|save|restore|enqueue|assign/i.test(text)) return 'nothing';
      if (/train|optimi[sz]e|minimize/i.test(text)) return 'training';
      return /:\d/.test(text) ? 'prediction' : 'unsaid';
    }
    const made = this.#made(node, 0);
    if (made.train) return 'training';
    if (made.net || (made.input && made.weight)) return 'prediction';
    const byName = purposeOfName(text);
    if (byName === 'training' || byName === 'nothing') return byName;
    if (made.foreign || this.#isUnknown(made)) return byName;
    return 'nothing';
  }

  #isUnknown(made: Made): boolean {
    return made === nothing;
  }

  #made(node: SyntaxNode, depth: number): Made {
    const inner = unwrap(node);
    if (depth > maxDepth || this.#active.has(inner) || ++this.#steps > mostSteps) return nothing;
    this.#active.add(inner);
    try {
      return this.#ofNode(inner, depth + 1);
    } finally {
      this.#active.delete(inner);
    }
  }

  #ofNode(node: SyntaxNode, depth: number): Made {
    switch (node.type) {
      case 'identifier':
        return this.#ofName(node, depth);
      case 'call':
        return this.#ofCall(node, depth);
      case 'attribute':
        return this.#ofAttribute(node, depth);
      case 'subscript':
        return this.#made(child(node, 'value')!, depth);
      case 'string':
      case 'integer':
      case 'float':
      case 'none':
      case 'true':
      case 'false':
        return chore;
      case 'lambda':
        return nothing;
      default:
        return this.#all(
          node.children.filter((each) => each.named && each.type !== 'comment'),
          depth,
        );
    }
  }

  #all(nodes: readonly SyntaxNode[], depth: number): Made {
    return nodes.map((each) => this.#made(each, depth)).reduce(both, nothing);
  }

  #ofName(node: SyntaxNode, depth: number): Made {
    const { bindings, text } = this.evidence;
    const name = textOf(node, text);
    const found = bindings.find(name, node);
    const before = found?.deferred
      ? found.bindings
      : found?.bindings.filter((each) => each.after.end <= node.start);
    const possible = (before?.length ? before : found?.bindings) ?? [];
    const last = found?.deferred ? -1 : possible.findLastIndex((each) => dominates(each, node));
    const sources = last > 0 ? possible.slice(last) : possible;
    const made = sources.map((each) => this.#ofSource(each.source, name, depth)).reduce(both, nothing);
    return (found?.elements ?? []).map((each) => this.#made(each, depth)).reduce(both, made);
  }

  #ofAttribute(node: SyntaxNode, depth: number): Made {
    const { bindings, text } = this.evidence;
    const name = textOf(child(node, 'attribute')!, text);
    const object = child(node, 'object')!;
    if (name === 'initializer') return chore;
    const value = this.evidence.evaluate(node);
    if (value?.kind === 'import') return nothing;
    if (value?.kind === 'symbol' && name === 'output') return { ...nothing, net: true };
    const sources = bindings.attributes.get(name);
    if (sources) return sources.map((source) => this.#ofSource(source, name, depth)).reduce(both, nothing);
    return this.#made(object, depth);
  }

  #ofSource(source: ValueSource, name: string, depth: number): Made {
    switch (source.from) {
      case 'expression':
      case 'iteration':
        return this.#made(this.#unpacked(source.node, source.path), depth);
      case 'parameter':
        return this.#ofParameter(source, name, depth);
      default:
        return nothing;
    }
  }

  /** The element of `a, b = 1, 2` that a name gets, where it shows. */
  #unpacked(node: SyntaxNode, path: number[]): SyntaxNode {
    let at = unwrap(node);
    for (const index of path) {
      if (!['tuple', 'list', 'expression_list'].includes(at.type)) break;
      at = at.children.filter((each) => each.named && each.type !== 'comment')[index] ?? at;
    }
    return at;
  }

  #ofParameter(source: ValueSource & { from: 'parameter' }, name: string, depth: number): Made {
    const { bindings, text } = this.evidence;
    const nameNode = child(source.function, 'name');
    if (!nameNode) return nothing;
    const owner = ancestor(source.function, 'class_definition', 'function_definition');
    const isMethod = owner?.type === 'class_definition';
    const own = textOf(nameNode, text);
    const called = isMethod && own === '__init__' ? textOf(child(owner, 'name')!, text) : own;
    const bound = isMethod && parametersOf(source.function, text)[0]?.name === 'self';
    const position = source.index - (bound ? 1 : 0);
    if (position < 0) return nothing;
    return bindings
      .callsNear(source.function, called)
      .slice(0, mostCallers)
      .map((call) => {
        const given = argumentsOf(call, text);
        const argument = given.keywords.get(name) ?? given.positional[position];
        return argument ? this.#made(argument, depth) : nothing;
      })
      .reduce(both, nothing);
  }

  #ofCall(call: SyntaxNode, depth: number): Made {
    const callee = child(call, 'function')!;
    const { evidence } = this;
    const value = evidence.evaluate(callee);
    const given = argumentsOf(call, evidence.text);
    const operands = [...given.positional, ...given.keywords.values()];
    if (value?.kind === 'import') return this.#ofPath(canonicalPath(value.path), operands, depth);
    if (value?.kind === 'model' || value?.kind === 'layer')
      return { ...this.#all(operands, depth), net: true };
    if (value?.kind === 'function' && value.node.type !== 'lambda') {
      const results = evidence.bindings.returns.get(value.node) ?? [];
      return both(this.#all(results, depth), this.#all(operands, depth));
    }
    const name = lastName(callee, evidence.text);
    if (unwrap(callee).type !== 'attribute') return { ...this.#all(operands, depth), foreign: true };
    return this.#ofMethod(callee, name, operands, depth);
  }

  #ofMethod(callee: SyntaxNode, name: string, operands: SyntaxNode[], depth: number): Made {
    if (/^(?:minimize|(?:apply|compute)_gradients)$/.test(name)) return { ...nothing, train: true };
    if (name === 'get_tensor_by_name' || name === 'get_operation_by_name')
      return this.#byGraphName(operands[0]);
    if (name === 'get_next') return { ...chore, input: true };
    if (choreMethods.test(name)) return chore;
    const object = child(unwrap(callee), 'object')!;
    const receiver = this.#made(object, depth);
    // `logits.reshape(...)` is what logits are; `nets.build(images)` is a function of another file.
    const isForeign = this.evidence.evaluate(object)?.kind === 'import' || receiver === nothing;
    const made = both(receiver, this.#all(operands, depth));
    return isForeign ? { ...made, foreign: true } : made;
  }

  /** A tensor of a loaded graph. */
  #byGraphName(name: SyntaxNode | undefined): Made {
    const text = name ? textOf(name, this.evidence.text) : '';
    if (/init|save|restore|enqueue/i.test(text)) return chore;
    if (/train_op|optimi[sz]er|minimize/i.test(text)) return { ...nothing, train: true };
    return /input|image_tensor|placeholder|keep_prob|is_training|phase/i.test(text)
      ? { ...chore, input: true }
      : { ...nothing, net: true };
  }

  #ofPath(path: string, operands: SyntaxNode[], depth: number): Made {
    if (training.test(path)) return { ...nothing, train: true };
    if (inputs.test(path)) return { ...chore, input: true };
    if (weights.test(path)) return { ...chore, weight: true };
    if (chores.test(path)) return chore;
    if (layers.test(path)) return { ...this.#all(operands, depth), net: true };
    const made = this.#all(operands, depth);
    if (path.startsWith('tensorflow.') || path.startsWith('keras.')) return made === nothing ? chore : made;
    return { ...made, foreign: true };
  }
}

function both(a: Made, b: Made): Made {
  if (a === nothing) return b;
  if (b === nothing) return a;
  return {
    input: a.input || b.input,
    weight: a.weight || b.weight,
    net: a.net || b.net,
    train: a.train || b.train,
    foreign: a.foreign || b.foreign,
    chore: a.chore || b.chore,
  };
}

/** What a fetched name says by itself. */
function purposeOfName(text: string): Purpose {
  if (/initializer|saver|iterator\.init|assign|summar|enqueue|global_step$/i.test(text)) return 'nothing';
  if (/train_?(?:op|step)|update_?ops?$|\btrain\b|optimi[sz]er|minimize|_solver\b|_optim\b/i.test(text))
    return 'training';
  return /pred|logit|prob|softmax|output|embed|infer|y_hat|scores?\b|accuracy|(?:^|_)q_?(?:values?|out)/i.test(
    text,
  )
    ? 'prediction'
    : 'unsaid';
}
