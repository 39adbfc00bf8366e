"""Sharded arrays over JAX: each device draws its own part, with no communication and nothing of the whole's size.

Eight devices of the host in a process of their own, and two processes on loopback with four devices each.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import headstart as hs

ROOT = Path(hs.__file__).parents[2]

MESHES = """
import itertools, re
import jax, jax.numpy as jnp, numpy as np
import headstart as hs
from jax import ShapeDtypeStruct as Shape
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P

SHAPES = {"dense": (16, 24), "conv": (8, 16, 8, 24), "experts": (8, 16, 24)}

def specs(rank, names):
    yield P()
    for at in range(rank):
        yield P(*[names if i == at else None for i in range(rank)])
    if len(names) == 2:
        for i, j in itertools.permutations(range(rank), 2):
            yield P(*[names[0] if k == i else names[1] if k == j else None for k in range(rank)])

explicit = jax.make_mesh((8,), ("a",))
auto = jax.make_mesh((4, 2), ("a", "b"), axis_types=(AxisType.Auto,) * 2)
tree, biases = {}, {}
for mesh in (explicit, auto):
    for kind, shape in SHAPES.items():
        for number, spec in enumerate(specs(len(shape), mesh.axis_names)):
            place = NamedSharding(mesh, spec)
            layer = {"kernel": Shape(shape, jnp.float32, sharding=place)}
            if kind == "experts":
                layer["bias"] = Shape(shape[::2], jnp.float32)
            tree[f"{kind}_{len(mesh.axis_names)}_{number}"] = layer
plan = hs.plan(tree, "he", rules={"conv_*": {"scheme": "he", "layout": {"out_axes": (3,), "in_axes": (2,)}}})
made = plan.apply(tree, 7)
checked = 0
for name, layer in made.items():
    entry = plan[f"{name}.kernel"]
    whole = hs.sample("he", entry.shape, 7, entry.key, layout=entry.layout)
    assert np.array_equal(np.asarray(layer["kernel"]), whole), name
    assert layer["kernel"].sharding == tree[name]["kernel"].sharding, name
    assert entry.layout.stack_axes == ((0,) if name.startswith("experts") else ())
    checked += 1

# orthogonal is drawn whole by the host and cut: the same numbers
place = NamedSharding(auto, P("b", "a"))
held = hs.init({"kernel": jax.device_put(jnp.ones((16, 24)), place)}, "orthogonal", 1)["kernel"]
assert held.sharding == place
assert np.array_equal(np.asarray(held), hs.sample("orthogonal", (16, 24), 1, "kernel", layout="in_out"))

# as a compiled program: no communication, and no array of the whole's shape
empty = {name: {"kernel": Shape(SHAPES[kind], jnp.float32)} for name, kind in (("conv", "conv"), ("x", "dense"))}
one = hs.plan(empty, "he")
specs = {"conv": P(None, "b", None, "a"), "x": P("a", "b")}
places = {name: {"kernel": NamedSharding(auto, spec)} for name, spec in specs.items()}
program = jax.jit(lambda: one.apply(empty, 7), out_shardings=places).lower().compile()
text = program.as_text()
assert not re.findall(r"all-\\w+|collective-\\w+|reduce-scatter", text), "communication"
assert "8,16,8,24]" not in text and "[16,24]" not in text, "the whole"
assert "[8,8,8,6]" in text, "the check would not see a shape"
assert np.array_equal(np.asarray(program()["x"]["kernel"]), hs.sample("he", (16, 24), 7, "x.kernel", layout="in_out"))

# a shape in a traced program says where it shall lie, on meshes of either kind
for mesh in (explicit, auto):
    place = NamedSharding(mesh, P(None, "a"))
    leaf = {"kernel": Shape((16, 24), jnp.float32, sharding=place)}
    with jax.set_mesh(mesh):
        inside = jax.jit(lambda: hs.plan(leaf, "he").apply(leaf, 7))()["kernel"]
    assert inside.sharding.is_equivalent_to(place, 2), inside.sharding

try:
    uneven = {"kernel": Shape((9, 4), jnp.float32, sharding=NamedSharding(explicit, P("a")))}
    hs.init(uneven, "he")
except hs.InputError as error:
    assert "kernel of shape (9, 4) does not fit its sharding" in str(error), error
else:
    raise AssertionError("a mesh that does not fit was taken")
print("checked", checked, jax.device_count())
"""

PROCESSES = """
import sys
import jax
jax.distributed.initialize(f"127.0.0.1:{sys.argv[1]}", 2, int(sys.argv[2]))
import jax.numpy as jnp, numpy as np
import headstart as hs
from jax import ShapeDtypeStruct as Shape
from jax.sharding import NamedSharding, PartitionSpec as P

mesh = jax.make_mesh((4, 2), ("a", "b"))
tree = {
    "x": {"kernel": Shape((16, 24), jnp.float32, sharding=NamedSharding(mesh, P("a", "b"))),
          "bias": Shape((24,), jnp.float32, sharding=NamedSharding(mesh, P("b")))},
    "y": {"kernel": Shape((24, 8), jnp.float32, sharding=NamedSharding(mesh, P(None, "b")))},
}
plan = hs.plan(tree, "he")
made = plan.apply(tree, 7)
parts = 0
for name, shape in (("x", (16, 24)), ("y", (24, 8))):
    whole = hs.sample("he", shape, 7, f"{name}.kernel", layout="in_out")
    held = made[name]["kernel"]
    assert not held.is_fully_addressable
    for shard in held.addressable_shards:
        assert np.array_equal(np.asarray(shard.data), whole[shard.index])
        parts += 1
try:
    plan.lock(made)
except hs.InputError as error:
    assert "several processes" in str(error)
else:
    raise AssertionError("a lock of what is not here")
try:
    hs.init({"kernel": Shape((4, 4), jnp.float32)}, "he")
except hs.InputError as error:
    assert "without a sharding, and there are 2 processes" in str(error)
else:
    raise AssertionError("each process made an array of its own")
print("parts", parts)
"""


def environment(devices: int) -> dict[str, str]:
    flags = f"--xla_force_host_platform_device_count={devices}"
    return {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT / "src")}


def test_meshes_of_eight_devices() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MESHES], env=environment(8), capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout.split() == ["checked", "44", "8"], done.stderr[-3000:]


def test_two_processes_make_their_own_parts() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESSES, str(port), str(number)],
            env=environment(4), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(2)
    ]  # fmt: skip
    try:
        told = [process.communicate(timeout=600) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert [out.split()[-2:] for out, _ in told] == [["parts", "8"]] * 2, told[0][1][-3000:]


def test_a_single_process_needs_no_sharding() -> None:
    import jax
    import jax.numpy as jnp

    assert hs.init({"kernel": jax.ShapeDtypeStruct((4, 3), jnp.float32)}, "he")["kernel"].shape == (4, 3)
