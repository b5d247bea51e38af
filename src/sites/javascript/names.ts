/** What names alone suggest. A name never decides against evidence; it decides where there is none. */

/** Functions start with a verb; what they give is another matter. */
const verb =
  /^(?:load|build|create|get|make|define|fetch|init|initialize|setup|prepare|restore|open|use|train|save|compile|convert|export|run|test|set|update|select|is|has|on|handle|dispose|with)(?=[A-Z_]|$)/;

/** Models of an application's data, and nets that are no networks. */
const otherKinds =
  /(?:view|data|domain|user|db|form|table|item|tree|page|base)_?models?$|(?:inter|ether|sub|tel|dot|test|main|mag|pla|cabi|bon)nets?$/i;

/** `model`, `models`, `faceModel`, `#net`, `modelRef`, `model_2`, `modelA`; but `$model` is an element of the page. */
export function isModelName(name: string): boolean {
  const bare = name
    .replace(/^[_#]+|[_\d]+$/g, '')
    .replace(/(?<=[a-z])(?:Ref|Instance|Promise|Cache|Map|V\d+|[AB])$/, '');
  if (verb.test(bare) || otherKinds.test(bare)) return false;
  // A capital first is a class, and what is called on it is a static method of the user's own.
  if (/^[A-Z]/.test(bare)) return false;
  return /(?:^|[a-z\d_])(?:[Mm]odels?|[Nn]ets?|[Nn]etworks?|NN|CNN|RNN|LSTM|GAN|VAE)$|^(?:nn|cnn|rnn|lstm|gan|vae)$/.test(
    bare,
  );
}

/** Names of parts that are often whole models. */
export function isModelPartName(name: string): boolean {
  return /^[_#]*(?:\w+_)?(?:enc(?:oder)?|dec(?:oder)?|generator|discriminator|autoencoder|policy|actor|critic|backbone)(?:Ref)?\d*$/i.test(
    name,
  );
}

/** What the objects of ready-made tasks are called. */
export function isTaskName(name: string): boolean {
  return (
    /(?:detector|segmenter|classifier|recognizer|estimator)(?:Ref)?\d*$/i.test(name) && !/^[A-Z]/.test(name)
  );
}

/** Functions that hand out a model: `loadModel`, `createEncoderNet`, `get_model`. */
export function isModelFactoryName(name: string): boolean {
  return (
    /^_?(?:load|build|create|get|make|define|fetch|init|initialize|setup|prepare|restore)(?:_?[A-Z\d_]\w*)?_?(?:models?|nets?|networks?)$/i.test(
      name,
    ) && !otherKinds.test(name)
  );
}
