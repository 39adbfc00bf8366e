"""LLVM's part: the functions' IR, linked, optimized for WebAssembly, and written as one object file.

The engine's multiply-adds are `llvm.fma`, which WebAssembly has only as `f32x4.relaxed_madd`, four numbers at a time;
LLVM would call a C library for anything else. While LLVM vectorises they are `llvm.fmuladd`, whose cost it knows; then
each becomes what this module's kind does: relaxed multiply-adds, or a product and a sum. Nothing is left to choose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import llvmlite.binding as llvm

from headstart.web.wasm.collect import Collected

TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+simd128,+bulk-memory,+bulk-memory-opt,+sign-ext,+nontrapping-fptoint,+mutable-globals"
_POINTERS = {"p": "ptr", "n": "i64", "x": "double"}
_NUMBERS = {"p": "i64", "n": "i64", "x": "double"}  # as the engine calls: addresses are whole numbers
_SCRIPTS = {"p": "i32", "n": "i32", "x": "double"}  # as JavaScript calls: numbers, and none of them a BigInt


def object_file(functions: Sequence[Collected], exports: Mapping[str, Collected], relaxed: bool) -> bytes:
    """An object file with `functions` by their names and, for JavaScript, `exports` by theirs."""
    target = _target(relaxed)
    whole = _head(target)
    for function in functions:
        whole.link_in(llvm.parse_assembly(_retargeted(function.ir, target)))
        whole.link_in(llvm.parse_assembly(f"{_head(target)}\n{_wrapper(function, function.name, _NUMBERS)}"))
    for name, function in exports.items():
        whole.link_in(llvm.parse_assembly(f"{_head(target)}\n{_wrapper(function, name, _SCRIPTS)}"))
    whole.link_in(llvm.parse_assembly(f"{_head(target)}\n{_FUSED}"))
    _hide(whole, {*(function.name for function in functions), *exports, "fused"})
    _optimize(whole, target, 3)
    settled = llvm.parse_assembly(_settled(str(whole), relaxed))
    _optimize(settled, target, 1)
    settled.verify()
    emitted: bytes = target.emit_object(settled)
    return emitted


def _target(relaxed: bool) -> llvm.TargetMachine:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    features = FEATURES + (",+relaxed-simd" if relaxed else "")
    return llvm.Target.from_triple(TRIPLE).create_target_machine(
        opt=3, features=features, codemodel="default", reloc="static"
    )


def _head(target: llvm.TargetMachine) -> llvm.ModuleRef:
    return llvm.parse_assembly(f'target triple = "{TRIPLE}"\ntarget datalayout = "{target.target_data}"\n')


def _retargeted(ir: str, target: llvm.TargetMachine) -> str:
    ir = re.sub(r'target triple = ".*"', f'target triple = "{TRIPLE}"', ir)
    ir = re.sub(r'target datalayout = ".*"', f'target datalayout = "{target.target_data}"', ir)
    return ir.replace("@llvm.fma.", "@llvm.fmuladd.")


def _wrapper(function: Collected, name: str, kinds: Mapping[str, str]) -> str:
    """A function of plain numbers that calls the C entry, so that all of one signature can be called by number."""
    lines, passed = [], []
    for place, letter in enumerate(function.arguments):
        value, kind = f"%a{place}", kinds[letter]
        if kind == "i32" and letter == "n":
            lines.append(f"  %w{place} = zext i32 {value} to i64")
            value = f"%w{place}"
        elif letter == "p":
            lines.append(f"  %w{place} = inttoptr {kind} {value} to ptr")
            value = f"%w{place}"
        passed.append(f"{_POINTERS[letter]} {value}")
    inner, outer = ("i64", kinds["n"]) if function.returns else ("void", "void")
    lines.append(f'  {"%r = " if function.returns else ""}call {inner} @"{function.entry}"({", ".join(passed)})')
    result = "%r"
    if inner != outer:
        lines.append("  %s = trunc i64 %r to i32")
        result = "%s"
    lines.append(f"  ret {outer} {result}" if function.returns else "  ret void")
    given = ", ".join(f"{kinds[letter]} %a{place}" for place, letter in enumerate(function.arguments))
    declared = ", ".join(_POINTERS[letter] for letter in function.arguments)
    body = "\n".join(lines)
    return f'declare {inner} @"{function.entry}"({declared})\ndefine {outer} @{name}({given}) {{\n{body}\n}}\n'


# One product whose rounding shows: whether this processor's relaxed multiply-add is fused.
_FUSED = """
declare float @llvm.fmuladd.f32(float, float, float)
define float @fused(float %a, float %c) {
  %r = call float @llvm.fmuladd.f32(float %a, float %a, float %c)
  ret float %r
}
"""


def _hide(module: llvm.ModuleRef, kept: set[str]) -> None:
    """Everything but what is kept becomes internal, so that LLVM may inline and drop it."""
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name not in kept:
            value.linkage = "internal"


def _optimize(module: llvm.ModuleRef, target: llvm.TargetMachine, level: int) -> None:
    tuning = llvm.create_pipeline_tuning_options(speed_level=level)
    tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_unrolling = level > 1
    passes = llvm.create_pass_builder(target, tuning)
    passes.getModulePassManager().run(module, passes)


def _settled(ir: str, relaxed: bool) -> str:
    """Every multiply-add as this kind of module makes it, whatever the width LLVM has chosen."""
    widths = sorted({int(width or 1) for width in re.findall(r"@llvm\.fmuladd\.(?:v(\d+))?f32", ir)})
    ir = re.sub(r"declare .*@llvm\.fmuladd\..*\n", "", ir)
    ir = re.sub(r"@llvm\.fmuladd\.(?:v(\d+))?f32", lambda match: f"@hs.fma.{match[1] or 1}", ir)
    head = "declare <4 x float> @llvm.wasm.relaxed.madd.v4f32(<4 x float>, <4 x float>, <4 x float>)\n"
    return ir + (head if relaxed else "") + "".join(_multiply_add(width, relaxed) for width in widths)


def _multiply_add(width: int, relaxed: bool) -> str:
    kind = "float" if width == 1 else f"<{width} x float>"
    if not relaxed:
        body = [f"  %m = fmul {kind} %a, %b", f"  %r = fadd {kind} %m, %c"]
    elif width <= 4:
        body = _narrow(width, kind)
    else:
        body = _wide(width, kind)
    arguments = ", ".join(f"{kind} %{name}" for name in "abc")
    return "\n".join(
        [f"define internal {kind} @hs.fma.{width}({arguments}) alwaysinline {{", *body, f"  ret {kind} %r", "}\n"]
    )


def _madd(result: str, names: Sequence[str]) -> str:
    arguments = ", ".join(f"<4 x float> %{name}" for name in names)
    return f"  %{result} = call <4 x float> @llvm.wasm.relaxed.madd.v4f32({arguments})"


def _narrow(width: int, kind: str) -> list[str]:
    """At most 4 lanes: the rest are anything."""
    if width == 4:
        return [_madd("r", "abc")]
    if width == 1:
        widened = [f"  %{name}4 = insertelement <4 x float> poison, float %{name}, i32 0" for name in "abc"]
        return [*widened, _madd("s", ["a4", "b4", "c4"]), "  %r = extractelement <4 x float> %s, i32 0"]
    picks = ", ".join(f"i32 {lane}" if lane < width else "i32 poison" for lane in range(4))
    widened = [
        f"  %{name}4 = shufflevector {kind} %{name}, {kind} poison, <4 x i32> <{picks}>" for name in "abc"
    ]  # fmt: skip
    back = ", ".join(f"i32 {lane}" for lane in range(width))
    narrowed = f"  %r = shufflevector <4 x float> %s, <4 x float> poison, <{width} x i32> <{back}>"
    return [*widened, _madd("s", ["a4", "b4", "c4"]), narrowed]


def _wide(width: int, kind: str) -> list[str]:
    """A multiple of 4 lanes: four at a time."""
    lines, parts = [], []
    for part in range(width // 4):
        picks = ", ".join(f"i32 {4 * part + lane}" for lane in range(4))
        lines += [
            f"  %{name}{part} = shufflevector {kind} %{name}, {kind} poison, <4 x i32> <{picks}>" for name in "abc"
        ]  # fmt: skip
        lines.append(_madd(f"r{part}", [f"{name}{part}" for name in "abc"]))
        parts.append(f"r{part}")
    lanes = 4
    while len(parts) > 1:
        joined = []
        for left, right in zip(parts[::2], parts[1::2], strict=True):
            name = "r" if len(parts) == 2 else f"{left}_{right}"
            picks = ", ".join(f"i32 {lane}" for lane in range(2 * lanes))
            vector = f"<{lanes} x float>"
            lines.append(
                f"  %{name} = shufflevector {vector} %{left}, {vector} %{right}, <{2 * lanes} x i32> <{picks}>"
            )
            joined.append(name)
        parts, lanes = joined, 2 * lanes
    return lines
