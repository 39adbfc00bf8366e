"""Write the page's activations: the definitions of `theory/activations` as TypeScript, so that they stand in one place.

A definition is a few assignments and an expression of the primitives (see `theory/activations/primitives.py`), so its
syntax tree says all there is. Run it where a definition changes; a test compares what it would write with the file.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

from headstart.theory.activations import FORMULAS, PRIMITIVES, Formula

PLACE = Path(__file__).parents[1] / "src/headstart/web/src/core/activations/formulas.ts"
HEAD = """\
// Made by tools/make_page_activations.py from headstart/theory/activations: change the definitions there.
import { {PRIMITIVES} } from "./primitives.ts";

/** phi and phi' as functions of z and the parameters; where phi or phi' is not smooth. */
export interface Formula {
  readonly value: (z: number, ...parameters: number[]) => number;
  readonly slope: (z: number, ...parameters: number[]) => number;
  /** phi' as a function of phi(z), where that is possible at the usual parameters. */
  readonly ofOutput: ((y: number, ...parameters: number[]) => number) | null;
  readonly parameters: readonly (readonly [string, number])[];
  readonly kinks: (...parameters: number[]) => number[];
}

export const FORMULAS: Readonly<Record<string, Formula>> = {
"""
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.USub: "-",
             ast.LtE: "<=", ast.GtE: ">=", ast.Lt: "<", ast.Gt: ">", ast.Eq: "==="}  # fmt: skip
KINKS = {
    "hardtanh": "(low = 0, high = 0) => [low, high]",
    "softshrink": "(cut = 0) => (cut > 0 ? [-cut, cut] : [0])",
    "hardshrink": "(cut = 0) => (cut > 0 ? [-cut, cut] : [0])",
    "threshold": "(threshold = 0) => [threshold]",
}  # those that depend on the parameters


def written() -> str:
    """The whole file, before it is formatted."""
    rows = [_entry(formula) for formula in FORMULAS.values()]
    used = [name for name in PRIMITIVES if name != "where" and any(f"{name}(" in row for row in rows)]
    return HEAD.replace("{PRIMITIVES}", ", ".join(used)) + "".join(rows) + "};\n"


def _entry(formula: Formula) -> str:
    kinks = KINKS.get(formula.name) if callable(formula.kinks) else f"() => {[*formula.kinks]}"
    if kinks is None:
        raise ValueError(f"{formula.name} has kinks that depend on its parameters: write them in KINKS.")
    parameters = [[name, value] for name, value in formula.parameters]
    of_output = "null" if formula.slope_of_output is None else _function(formula.slope_of_output)
    return (
        f"  {formula.name}: {{ value: {_function(formula.value)}, slope: {_function(formula.derivative)},\n"
        f"    ofOutput: {of_output}, parameters: {str(parameters).replace(chr(39), chr(34))}, kinks: {kinks} }},\n"
    )


def _function(function: Any) -> str:
    tree = ast.parse(inspect.getsource(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    names = [argument.arg for argument in tree.args.args]
    arguments = ", ".join([f"{names[0]}: number", *(f"{name} = 0" for name in names[1:])])
    known = set(names)  # and what is assigned on the way
    lines = [_statement(node, function.__globals__, known) for node in tree.body]
    if len(lines) == 1:
        return f"({arguments}) => {lines[0].removeprefix('return ').removesuffix(';')}"
    return f"({arguments}) => {{ {' '.join(lines)} }}"


def _statement(node: ast.stmt, constants: dict[str, Any], names: set[str]) -> str:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        value = _expression(node.value, constants, names)
        names.add(node.targets[0].id)
        return f"const {node.targets[0].id} = {value};"
    if isinstance(node, ast.Return) and node.value is not None:
        return f"return {_expression(node.value, constants, names)};"
    raise ValueError(f"no TypeScript for {ast.dump(node)}")


def _expression(node: ast.expr, constants: dict[str, Any], names: set[str]) -> str:
    def inner(part: ast.expr) -> str:
        return _expression(part, constants, names)

    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.Name):
        return node.id if node.id in names else repr(float(constants[node.id]))
    if isinstance(node, ast.UnaryOp):
        return f"-({inner(node.operand)})"
    if isinstance(node, ast.BinOp):
        return f"({inner(node.left)} {OPERATORS[type(node.op)]} {inner(node.right)})"
    if isinstance(node, ast.Compare):
        return f"{inner(node.left)} {OPERATORS[type(node.ops[0])]} {inner(node.comparators[0])}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        given = [inner(argument) for argument in node.args]
        if node.func.id == "where":
            return f"({given[0]} ? {given[1]} : {given[2]})"
        return f"{node.func.id}({', '.join(given)})"
    raise ValueError(f"no TypeScript for {ast.dump(node)}")


if __name__ == "__main__":
    PLACE.write_text(written(), encoding="utf-8")
