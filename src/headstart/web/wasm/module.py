"""From LLVM's object file to a module that stands alone: no linker is needed, because nothing is undefined.

An object file is a module already but for three things: memory, table and stack pointer are imports, nothing is
exported, and the table is empty. Sections and encodings: WebAssembly core specification, chapter 5; symbols: the tool
conventions' linking section.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

HEAP = 65536  # where the caller's memory begins; data lie at the start, and the stack grows down from here
PAGES = 2  # of 64 KiB, to start with
MAGIC = b"\0asm\x01\0\0\0"
CUSTOM, TYPE, IMPORT, FUNCTION, TABLE, MEMORY, GLOBAL, EXPORT, _, ELEMENT, CODE, DATA, COUNT = range(13)
ORDER = (TYPE, FUNCTION, TABLE, MEMORY, GLOBAL, EXPORT, ELEMENT, COUNT, CODE, DATA)
FUNCREF, I32, MUTABLE, I32_CONST, END = 0x70, 0x7F, 1, 0x41, 0x0B


def stand_alone(
    data: bytes, exports: Mapping[str, str], table: Sequence[str], custom: Mapping[str, bytes]
) -> bytes:  # fmt: skip
    """The module of an object file.

    Args:
        data: the object file; it may import a memory, a table and a stack pointer, and nothing else.
        exports: names of exported functions -> symbols.
        table: symbols of the functions that are called by number, from 1 on.
        custom: sections of the module's own, by name.
    """
    found = dict(_sections(data))
    symbols = _symbols(found)
    _check(found)
    made = {number: body for number, body in found.items() if number in ORDER}
    made[TABLE] = _vector([bytes([FUNCREF, 1]) + unsigned(len(table) + 1) * 2])
    made[MEMORY] = _vector([b"\0" + unsigned(PAGES)])
    made[GLOBAL] = _vector([bytes([I32, MUTABLE, I32_CONST]) + signed(HEAP) + bytes([END])])
    made[ELEMENT] = _vector(
        [b"\0" + bytes([I32_CONST]) + signed(1) + bytes([END]) + _vector([unsigned(symbols[name]) for name in table])]
    )
    entries = [_name(name) + b"\0" + unsigned(symbols[symbol]) for name, symbol in exports.items()]
    made[EXPORT] = _vector([_name("memory") + b"\x02\0", *entries])
    parts = [_section(number, made[number]) for number in ORDER if number in made]
    parts += [_section(CUSTOM, _name(name) + body) for name, body in custom.items()]
    return MAGIC + b"".join(parts)


def _check(found: Mapping[int | str, bytes]) -> None:
    """Refuse an object that is not whole."""
    wanted = {"__linear_memory", "__indirect_function_table", "__stack_pointer"}
    undefined = set(_imports(found.get(IMPORT, b"\0"))) - wanted
    if undefined:
        raise ValueError(f"the module would import {sorted(undefined)}; write them in the engine's own arithmetic")
    if ELEMENT in found or GLOBAL in found:
        raise ValueError("a function's address is taken, or a global is defined, where none was expected")
    if (end := _data_end(found.get(DATA, b"\0"))) > HEAP // 2:
        raise ValueError(f"constant data end at {end}; the stack needs the rest below {HEAP}")


def _sections(data: bytes) -> Iterator[tuple[int | str, bytes]]:
    """(number, body) of every section; custom ones by their name."""
    at = len(MAGIC)
    while at < len(data):
        number = data[at]
        size, at = _read(data, at + 1)
        body, at = data[at : at + size], at + size
        if number == CUSTOM:
            name, start = _read_name(body, 0)
            yield name, body[start:]
        else:
            yield number, body


def _symbols(found: Mapping[int | str, bytes]) -> dict[str, int]:
    """Defined functions by name: the symbol table of the linking section."""
    body = found["linking"]
    _, at = _read(body, 0)  # version
    symbols: dict[str, int] = {}
    while at < len(body):
        kind = body[at]
        size, at = _read(body, at + 1)
        if kind == 8:
            symbols |= _symbol_table(body, at)
        at += size
    return symbols


def _symbol_table(body: bytes, at: int) -> dict[str, int]:
    symbols: dict[str, int] = {}
    count, at = _read(body, at)
    for _ in range(count):
        kind = body[at]
        flags, at = _read(body, at + 1)
        undefined, named = flags & 0x10, flags & 0x40
        if kind == 1:  # data
            _, at = _read_name(body, at)
            for _ in range(0 if undefined else 3):
                _, at = _read(body, at)
        elif kind == 3:  # section
            _, at = _read(body, at)
        else:
            index, at = _read(body, at)
            if not undefined or named:
                name, at = _read_name(body, at)
                if kind == 0 and not undefined:
                    symbols[name] = index
    return symbols


def _imports(body: bytes) -> Iterator[str]:
    count, at = _read(body, 0)
    for _ in range(count):
        _, at = _read_name(body, at)
        name, at = _read_name(body, at)
        kind = body[at]
        at += 1
        if kind == 0:  # function: its type
            _, at = _read(body, at)
        elif kind == 3:  # global: type and whether it changes
            at += 2
        else:  # table: reference type, then limits as of a memory
            at += kind == 1
            limits = body[at]
            _, at = _read(body, at + 1)
            if limits & 1:
                _, at = _read(body, at)
        yield name


def _data_end(body: bytes) -> int:
    """The first address after the constant data."""
    count, at = _read(body, 0)
    end = 0
    for _ in range(count):
        if body[at] != 0 or body[at + 1] != I32_CONST:
            raise ValueError("a data segment is not at a fixed address")
        start, at = _read(body, at + 2)
        size, at = _read(body, at + 1)
        end, at = max(end, start + size), at + size
    return end


def unsigned(number: int) -> bytes:
    """LEB128."""
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def signed(number: int) -> bytes:
    """Signed LEB128 of a number that is not negative."""
    body = unsigned(number)
    return body if body[-1] < 64 else body[:-1] + bytes([body[-1] | 128, 0])


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def _name(text: str) -> bytes:
    return unsigned(len(text.encode())) + text.encode()


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    size, at = _read(data, at)
    return data[at : at + size].decode(), at + size


def _vector(items: Sequence[bytes]) -> bytes:
    return unsigned(len(items)) + b"".join(items)


def _section(number: int, body: bytes) -> bytes:
    return bytes([number]) + unsigned(len(body)) + body
