"""Both modules from one source."""

from __future__ import annotations

import json

from headstart.web.wasm.link import object_file
from headstart.web.wasm.module import stand_alone
from headstart.web.wasm.parts import parts
from headstart.web.wasm.sources import source_hash

MODULES = {"engine.wasm": True, "engine_plain.wasm": False}  # with relaxed SIMD, and for browsers without
SECTION = "headstart"  # the custom section with the contents


def build() -> dict[str, bytes]:
    """The modules by file name."""
    made = parts()
    exports = {**{name: name for name in made.exports}, "fused": "fused"}
    table = [function.name for function in made.functions]
    modules = {}
    for name, relaxed in MODULES.items():
        contents = {**made.contents, "relaxed": relaxed, "source": source_hash()}
        text = json.dumps(contents, separators=(",", ":")).encode()
        data = object_file(made.functions, made.exports, relaxed)
        modules[name] = stand_alone(data, exports, table, {SECTION: text})
    return modules
