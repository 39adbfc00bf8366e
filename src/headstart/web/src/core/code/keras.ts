// The last panel's network in Keras, with the page's starting weights.
import { specNumber } from "../numbers.ts";
import { activationCode, batchNote, list, loadLines, type Matter, pointsFile, schemesLine } from "./parts.ts";

export function kerasProgram(matter: Matter): string {
  const { state, sizes } = matter;
  const phi = activationCode(matter, "keras");
  return [
    ...pointsFile(matter),
    "import os",
    "",
    'os.environ.setdefault("KERAS_BACKEND", "jax")  # or tensorflow, or torch',
    "import headstart as hs",
    "import keras",
    "import numpy as np",
    "from headstart.experiments.data.datasets import load",
    "",
    `sizes, seed = ${list(sizes)}, ${state.seed}`,
    `schemes = ${schemesLine(matter)}  # of each layer`,
    ...(phi === null ? [`# Keras has no ${state.activation}; headstart has it for NumPy`] : []),
    `phi = ${phi ?? "keras.activations.relu"}`,
    "model = keras.Sequential([keras.Input((sizes[0],))])",
    "for n in sizes[1:-1]:",
    "    model.add(keras.layers.Dense(n, activation=phi))",
    "model.add(keras.layers.Dense(sizes[-1]))",
    "for k, layer in enumerate(model.layers):  # the page's own weights, to the bit; Keras has (inputs, outputs)",
    '    weight = hs.sample(schemes[k], (sizes[k + 1], sizes[k]), seed=seed, name=f"layers.{k}.weight")',
    "    layer.set_weights([weight.T, np.zeros(sizes[k + 1], np.float32)])",
    "",
    ...loadLines(matter),
    `model.compile(optimizer=${optimizer(matter)}, loss=${LOSSES[matter.task]})`,
    ...batchNote(matter),
    `model.fit(x, y, batch_size=len(x), epochs=${state.steps}, shuffle=False, verbose=0)`,
    'print(f"cost {model.evaluate(x, y, batch_size=len(x), verbose=0):.4g}")',
    "",
  ].join("\n");
}

const LOSSES = {
  binary: "keras.losses.BinaryCrossentropy(from_logits=True)",
  classes: "keras.losses.CategoricalCrossentropy(from_logits=True)",
  regression: "keras.losses.MeanSquaredError()",
};

function optimizer({ state, optimizer: { optimizer: name, optimizerArguments: given } }: Matter): string {
  const [rate, values] = [specNumber(state.rate), given.map(specNumber)];
  if (name === "adam") {
    return `keras.optimizers.Adam(${rate}, beta_1=${values[0]!}, beta_2=${values[1]!}, epsilon=${values[2]!})`;
  }
  const more = name === "sgd" ? "" : `, momentum=${values[0]!}${name === "nesterov" ? ", nesterov=True" : ""}`;
  return `keras.optimizers.SGD(${rate}${more})`;
}
