// The last panel's network in JAX and in NumPy, with the page's starting weights: parameters in lists, steps by hand.
import { specNumber } from "../numbers.ts";
import { activationCode, batchNote, list, loadLines, type Matter, pointsFile, schemesLine, text } from "./parts.ts";

export function jaxProgram(matter: Matter): string {
  const { state } = matter;
  const phi = activationCode(matter, "jax");
  return [
    ...pointsFile(matter),
    "import headstart as hs",
    "import jax",
    "import jax.numpy as jnp",
    "import jax.scipy.special",
    "import numpy as np",
    "from headstart.experiments.data.datasets import load",
    "",
    ...startLines(matter, ', backend="jax"', "jnp.zeros(sizes[k + 1])"),
    ...(phi === null ? [`# JAX has no ${state.activation}; headstart has it for NumPy`] : []),
    `phi = ${phi ?? "jax.nn.relu"}`,
    "",
    "def logits(weights, biases, x):",
    "    for w, b in zip(weights[:-1], biases[:-1]):",
    "        x = phi(x @ w.T + b)",
    "    return x @ weights[-1].T + biases[-1]",
    "",
    ...loadLines(matter),
    "",
    "def cost(parameters):",
    "    z = logits(*parameters, x)",
    ...JAX_LOSSES[matter.task].map((line) => `    ${line}`),
    "",
    "parameters = weights, biases",
    ...updates(matter, "jax.tree.map", "jnp"),
    "@jax.jit",
    "def update(parameters, states, step):",
    "    return move(parameters, jax.grad(cost)(parameters), states, step)",
    "",
    ...batchNote(matter),
    `for step in range(${state.steps}):`,
    "    parameters, states = update(parameters, states, step)",
    'print(f"cost {cost(parameters):.4g}")',
    "",
  ].join("\n");
}

export function numpyProgram(matter: Matter): string {
  const { state } = matter;
  return [
    ...pointsFile(matter),
    "import headstart as hs",
    "import numpy as np",
    "from headstart.experiments.data.datasets import load",
    "from headstart.theory.activations import activation",
    "",
    ...startLines(matter, "", "np.zeros(sizes[k + 1], np.float32)"),
    `phi = activation(${text(state.activation)})`,
    ...loadLines(matter),
    "",
    "def gradient(weights, biases):",
    "    received, sums = [x], []",
    "    for w, b in zip(weights, biases):",
    "        sums.append(received[-1] @ w.T + b)",
    "        received.append(phi(sums[-1]).astype(np.float32))",
    ...NUMPY_ERRORS[matter.task].map((line) => `    ${line}`),
    "    found = []",
    "    for k in reversed(range(len(weights))):",
    "        found.insert(0, (error.T @ received[k] / len(x), error.mean(axis=0)))",
    "        if k:",
    "            error = (error @ weights[k] * phi.derivative(sums[k - 1])).astype(np.float32)",
    "    return [w for w, _ in found], [b for _, b in found]",
    "",
    "def tree_map(function, *trees):",
    "    return tuple([function(*parts) for parts in zip(*lists)] for lists in zip(*trees))",
    "",
    "parameters = weights, biases",
    ...updates(matter, "tree_map", "np"),
    ...batchNote(matter),
    `for step in range(${state.steps}):`,
    "    parameters, states = move(parameters, gradient(*parameters), states, step)",
    "x_end = x",
    "for k, (w, b) in enumerate(zip(*parameters)):",
    "    x_end = x_end @ w.T + b",
    "    if k + 1 < len(weights):",
    "        x_end = phi(x_end)",
    'print(f"score {data.score(x_end, data.train_y):.4g}")',
    "",
  ].join("\n");
}

function startLines(matter: Matter, backend: string, bias: string): string[] {
  return [
    `sizes, seed = ${list(matter.sizes)}, ${matter.state.seed}`,
    `schemes = ${schemesLine(matter)}  # of each layer`,
    "weights = [  # the page's own, to the bit: (outputs, inputs) of each layer",
    `    hs.sample(schemes[k], (sizes[k + 1], sizes[k]), seed=seed, name=f"layers.{k}.weight"${backend})`,
    "    for k in range(len(sizes) - 1)",
    "]",
    `biases = [${bias} for k in range(len(sizes) - 1)]`,
  ];
}

const JAX_LOSSES = {
  binary: ["return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))"],
  classes: ["return -jnp.mean(jnp.sum(jax.nn.log_softmax(z) * y, axis=1))"],
  regression: ["return jnp.mean((z - y) ** 2)"],
};

const NUMPY_ERRORS = {
  binary: ["with np.errstate(over='ignore'):", "    error = 1 / (1 + np.exp(-sums[-1])) - y"],
  classes: [
    "powers = np.exp(sums[-1] - sums[-1].max(axis=1, keepdims=True))",
    "error = powers / powers.sum(axis=1, keepdims=True) - y",
  ],
  regression: ["error = 2 * (sums[-1] - y) / y.shape[1]"],
};

/** The optimizer's step as a function `move`, and its states. */
function updates(
  { state, optimizer: { optimizer: name, optimizerArguments: given } }: Matter,
  map: string,
  library: string,
): string[] {
  const [rate, values] = [specNumber(state.rate), given.map(specNumber)];
  const zeros = `${map}(lambda p: 0 * p, parameters)`;
  const head = "def move(parameters, gradients, states, step):";
  if (name === "sgd") {
    return [
      "states = None",
      "",
      head,
      `    return ${map}(lambda p, g: p - ${rate} * g, parameters, gradients), None`,
      "",
    ];
  }
  if (name !== "adam") {
    const step = name === "nesterov" ? `g + ${values[0]!} * m` : "m";
    return [
      `states = ${zeros}`,
      "",
      head,
      `    states = ${map}(lambda m, g: ${values[0]!} * m + g, states, gradients)`,
      `    return ${map}(lambda p, g, m: p - ${rate} * (${step}), parameters, gradients, states), states`,
      "",
    ];
  }
  const [first, second, epsilon] = values;
  return [
    `states = ${zeros}, ${zeros}`,
    "",
    head,
    "    m, v = states",
    `    m = ${map}(lambda m, g: ${first!} * m + (1 - ${first!}) * g, m, gradients)`,
    `    v = ${map}(lambda v, g: ${second!} * v + (1 - ${second!}) * g * g, v, gradients)`,
    `    a, b = ${rate} / (1 - ${first!} ** (step + 1)), 1 / (1 - ${second!} ** (step + 1))`,
    `    return ${map}(lambda p, m, v: p - a * m / (${library}.sqrt(v * b) + ${epsilon!}), parameters, m, v), (m, v)`,
    "",
  ];
}
