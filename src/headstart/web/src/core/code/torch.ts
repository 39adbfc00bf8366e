// The last panel's network in PyTorch, with the page's starting weights.
import { specNumber } from "../numbers.ts";
import { activationCode, batchNote, list, loadLines, type Matter, pointsFile, schemesLine } from "./parts.ts";

export function torchProgram(matter: Matter): string {
  const { state, sizes } = matter;
  const phi = activationCode(matter, "torch");
  return [
    ...pointsFile(matter),
    "import headstart as hs",
    "import numpy as np",
    "import torch",
    "from headstart.experiments.data.datasets import load",
    "",
    `sizes, seed = ${list(sizes)}, ${state.seed}`,
    `schemes = ${schemesLine(matter)}  # of each layer`,
    ...(phi === null ? [`# PyTorch has no ${state.activation}; headstart has it for NumPy`] : []),
    `phi = ${phi ?? "torch.relu"}`,
    "layers = torch.nn.ModuleList(torch.nn.Linear(n, m) for n, m in zip(sizes, sizes[1:]))",
    "for k, layer in enumerate(layers):  # the page's own weights, to the bit",
    '    hs.sample(schemes[k], tuple(layer.weight.shape), seed=seed, name=f"layers.{k}.weight", out=layer.weight.detach())',
    "    torch.nn.init.zeros_(layer.bias)",
    "",
    "def logits(x):",
    "    for layer in layers[:-1]:",
    "        x = phi(layer(x))",
    "    return layers[-1](x)",
    "",
    ...loadLines(matter),
    "x, y = torch.from_numpy(x), torch.from_numpy(y)",
    `loss = ${LOSSES[matter.task]}`,
    `optimizer = ${optimizer(matter)}`,
    ...batchNote(matter),
    `for step in range(${state.steps}):`,
    "    optimizer.zero_grad()",
    "    cost = loss(logits(x), y)",
    "    cost.backward()",
    "    optimizer.step()",
    'print(f"cost {cost.item():.4g}")',
    "",
  ].join("\n");
}

const LOSSES = {
  binary: "torch.nn.BCEWithLogitsLoss()",
  classes: "torch.nn.CrossEntropyLoss()",
  regression: "torch.nn.MSELoss()",
};

function optimizer({ state, optimizer: { optimizer: name, optimizerArguments: given } }: Matter): string {
  const [rate, values] = [specNumber(state.rate), given.map(specNumber)];
  if (name === "adam") {
    return `torch.optim.Adam(layers.parameters(), lr=${rate}, betas=(${values[0]!}, ${values[1]!}), eps=${values[2]!})`;
  }
  const more = name === "sgd" ? "" : `, momentum=${values[0]!}${name === "nesterov" ? ", nesterov=True" : ""}`;
  return `torch.optim.SGD(layers.parameters(), lr=${rate}${more})`;
}
