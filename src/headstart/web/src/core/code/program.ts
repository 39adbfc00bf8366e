// "Copy as code": each program stands alone and begins with the page's starting weights.
import type { CodeKind, Dataset, State, Tables } from "../types.ts";
import { jaxProgram, numpyProgram } from "./arrays.ts";
import { call, command } from "./command.ts";
import { kerasProgram } from "./keras.ts";
import { type Matter, matterOf } from "./parts.ts";
import { torchProgram } from "./torch.ts";

const PROGRAMS: Readonly<Record<CodeKind, (matter: Matter) => string>> = {
  CLI: command,
  Python: call,
  PyTorch: torchProgram,
  JAX: jaxProgram,
  Keras: kerasProgram,
  NumPy: numpyProgram,
};

export function programOf(
  kind: CodeKind,
  state: State,
  sizes: readonly number[],
  data: Dataset | null,
  tables: Tables,
): string {
  return PROGRAMS[kind](matterOf(state, sizes, data, tables));
}
