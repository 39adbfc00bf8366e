"""`import headstart` loads NumPy and the standard library only, and quickly; and this check can fail."""

import subprocess
import sys

import pytest

# cython_runtime is no package: NumPy's compiled modules register it while they load
FOREIGN = """
import sys
before = set(sys.modules)
{statement}
roots = {{name.partition('.')[0] for name in set(sys.modules) - before}}
known = set(sys.stdlib_module_names) | {{'headstart', 'numpy', 'cython_runtime'}}
print(' '.join(sorted(root for root in roots - known if not root.startswith('_'))))
"""


def foreign_packages(statement: str) -> str:
    command = [sys.executable, "-c", FOREIGN.format(statement=statement)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_import_loads_numpy_and_the_standard_library_only() -> None:
    assert foreign_packages("import headstart; headstart.sample('he', (3, 4)); headstart.he.std(3, 4)") == ""


def test_the_check_sees_a_foreign_package() -> None:
    assert "scipy" in foreign_packages("import headstart, scipy.special").split()


def test_lazy_names_resolve_and_unknown_names_do_not() -> None:
    import headstart

    for name in headstart.__all__:
        assert getattr(headstart, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = headstart.nonsense


def test_every_public_name_is_the_object_of_that_name() -> None:
    """A lazy name that loads its neighbour would pass for present."""
    import headstart
    from headstart.schemes import Scheme

    for name in headstart.__all__:
        found = getattr(headstart, name)
        own = found.name if isinstance(found, Scheme) else found.__name__.removeprefix("headstart.")
        assert own == name
        assert name in dir(headstart)
