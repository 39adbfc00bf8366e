"""The engine as WebAssembly: the functions that Numba compiles for this processor, compiled for the browser's.

`python -m headstart.web.wasm` makes `web/built/engine.wasm` and `engine_plain.wasm` with llvmlite alone: no C, no
linker, no second source. What the modules offer stands in `web/src/core/module.d.ts`.

- `parts`: which functions go in. `tiles`, `draws`: those that are written for WebAssembly's short vectors.
- `collect`: Numba makes their LLVM IR. `link`: LLVM makes one object file of it. `module`: the object becomes a module.
- `sources`: what the modules are made from, as a hash that each carries.
"""
