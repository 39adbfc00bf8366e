"""Tables as people have them, and as they should not be: what Python reads of each, or why not."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from headstart.errors import InputError
from headstart.experiments.data.csv_files import table_in
from headstart.experiments.data.decoding import decode
from headstart.experiments.data.from_table import dataset_of
from headstart.experiments.data.opening import told
from headstart.experiments.data.reading import Reading

_random = np.random.RandomState(0)


def _rows(count: int, cells: Any, sign: str = ",", end: str = "\n") -> str:
    return "".join(sign.join(map(str, cells(k))) + end for k in range(count))


TWO = "a,b,kind\n" + _rows(
    40, lambda k: (f"{_random.randn():.3f}", f"{_random.randn():.3f}", "red" if k % 3 else "blue")
)
UMLAUTS = "größe;b;y\n" + _rows(20, lambda k: (k % 3, k % 5, "schön" if k % 2 else "häßlich"), ";")
# name -> (text or bytes, how it is read)
TABLES: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "plain.csv": (TWO, {}),
    "iris.csv": ("l,w,species\n" + _rows(30, lambda k: (k * 0.7 % 3, k * 1.3 % 5, "abc"[k % 3])), {}),
    "semicolons.csv": ("a;b;y\n" + _rows(20, lambda k: (f"{k % 7},5", f"1,{k % 3}", k % 2), ";"), {}),
    "tabs.tsv": (TWO.replace(",", "\t"), {}),
    "spaces.txt": (_rows(20, lambda k: (f"  {k % 5}.5", f"-{k % 3}", k % 2), "   "), {}),
    "bars.csv": (TWO.replace(",", "|"), {}),
    "sep.csv": ("sep=;\n" + TWO.replace(",", ";"), {}),
    "crlf.csv": (TWO.replace("\n", "\r\n"), {}),
    "cr.csv": (TWO.replace("\n", "\r"), {}),
    "blank.csv": ("\n\n" + TWO.replace("\n", "\n\n"), {}),
    "quoted.csv": ('"a","b, c","y"\n' + _rows(20, lambda k: (f'"{k % 4}"', k % 3, '"s ""y"""' if k % 2 else "n")), {}),
    "regression.csv": ("x,y\n" + _rows(50, lambda k: (f"{_random.randn():.4f}", f"{_random.randn():.4f}")), {}),
    "regression3.csv": ("p,q,r,y\n" + _rows(300, lambda k: tuple(f"{v:.6f}" for v in _random.randn(4))), {}),
    "whole.csv": ("x,y\n" + _rows(60, lambda k: (k * 0.37 % 1, k * 7 % 30)), {}),
    "numbers.csv": ("x,y\n" + _rows(40, lambda k: (k * 0.37 % 1, k % 5)), {"task": "numbers"}),
    "classes.csv": ("x,y\n" + _rows(80, lambda k: (k * 0.37 % 1, k % 25)), {"task": "classes"}),
    "index.csv": (",a,b,y\n" + _rows(30, lambda k: (k, k % 7 / 3, k % 4, "no" if k % 2 else "yes")), {}),
    "counting.csv": ("id,a,y\n" + _rows(30, lambda k: (k + 1, k % 7 / 3, k % 2)), {}),
    "r.csv": ("a,y\n" + _rows(24, lambda k: (f'"{k + 1}"', k % 7 / 3, "no" if k % 2 else "yes")), {}),
    "none.csv": (_rows(20, lambda k: (k % 5 / 2, k % 3 / 4, k % 2)), {}),
    "years.csv": ("2019,2020,growth\n" + _rows(20, lambda k: (k % 5 / 2, k % 3 / 4, k % 2)), {}),
    "frame.csv": ("0,1,2\n" + _rows(20, lambda k: (k % 5 / 2, k % 3 / 4, k % 2)), {}),
    "constant.csv": ("a,b,c,y\n" + _rows(20, lambda k: (0.1, k % 3, 1e300 * (k % 4 + 1), k % 2)), {}),
    "tiny.csv": ("a,b,y\n" + _rows(20, lambda k: (1e-200 * (k % 3), 1 + 1e-9 * (k % 5), k % 2)), {}),
    "exact.csv": ("a,y\n" + _rows(20, lambda k: (k % 3, "9007199254740993" if k % 2 else "9007199254740992.0")), {}),
    "label.csv": ("y,a,b\n" + _rows(20, lambda k: (f"c{k % 2}", k % 3, k % 5)), {"label": "y"}),
    "drop.csv": (TWO.replace("a,b", "id,b"), {"drop": ("id",)}),
    "features.csv": (TWO, {"features": ("b",)}),
    "header.csv": ("1,2,3\n" + _rows(20, lambda k: (k % 3, k % 5, k % 2)), {"header": True}),
    "noheader.csv": (_rows(20, lambda k: (f"{k % 3}", k % 5, "ab"[k % 2])), {"header": False}),
    "umlaut.csv": (UMLAUTS.encode("latin-1"), {}),
    "utf16.csv": (TWO.encode("utf-16"), {}),
    "utf32.csv": (TWO.encode("utf-32"), {}),
    "bom.csv": (b"\xef\xbb\xbf" + TWO.encode(), {}),
    "comment.csv": ("# " + TWO, {}),
    "signs.csv": ("a,y\n" + _rows(20, lambda k: (k % 3, "+-"[k % 2])), {}),
    "emoji.csv": ("a,y\n" + _rows(20, lambda k: (k % 3, "🙂\uffff"[k % 2])), {}),
    "sizes.csv": ("a,y\n" + _rows(20, lambda k: (k % 3, ("1e99", "0.10", "1e3", "-0", "-2.50")[k % 5])), {}),
    # --- and what cannot be used
    "empty.csv": ("", {}),
    "lines.csv": ("\n \n", {}),
    "head.csv": ("a,b\n", {}),
    "one.csv": ("a\n1\n2\n", {}),
    "ragged.csv": ("a,b,y\n1,2,0\n1,2\n3,4,1\n", {}),
    "missing.csv": ("a,b,y\n1,,0\n3,4,1\n", {}),
    "word.csv": ("a,b,y\n1,x,0\n3,4,1\n", {}),
    "infinite.csv": ("a,b,y\n1,inf,0\n3,4,1\n", {}),
    "nolabel.csv": ("a,b,y\n1,2,\n3,4,1\n", {}),
    "nanlabel.csv": ("a,b,y\n1,2,nan\n3,4,1\n", {}),
    "inflabel.csv": ("a,b,y\n1,2,inf\n3,4,1\n", {}),
    "same.csv": ("a,y\n" + "1,0\n2,0\n", {}),
    "rare.csv": ("a,y\n1,p\n2,p\n3,q\n", {}),
    "many.csv": ("a,y\n" + _rows(25, lambda k: (k % 3, f"w{k}")), {}),
    "short.csv": ("a,y\n1,0.5\n2,0.7\n", {}),
    "twice.csv": ("a,a,y\n1,2,0\n3,4,1\n", {}),
    "nosuch.csv": (TWO, {"label": "knid"}),
    "dropall.csv": (TWO, {"drop": ("a", "b")}),
    "dropped.csv": (TWO, {"drop": ("kind",), "label": "kind"}),
    "wordtask.csv": (TWO, {"task": "numbers"}),
    "open.csv": ('a,y\n1,"red\n2,blue\n3,blue\n', {}),
    "control.csv": ("a,b\n1,\x01\n", {}),
    "zip.csv": (b"PK\x03\x04rest", {}),
    "broken16.csv": (b"\xff\xfea", {}),
    "sepx.csv": ("sep=x\n1x2\n", {}),
    "huge.csv": ("a,y\n" + "1,1e400\n2,0\n3,1\n", {}),
    "it's \"odd\"\n.csv": ("a\n1\n2\n", {}),
    "<script>alert(1)</script>.csv": ("a,b,y\n1,<b>,0\n3,4,1\n", {}),
}  # fmt: skip


def tables_read() -> list[dict[str, Any]]:
    """Of each table what Python reads, or its message."""
    return [_read(name, content, Reading(**how)) for name, (content, how) in TABLES.items()]


def _read(name: str, content: str | bytes, reading: Reading) -> dict[str, Any]:
    raw = content.encode("utf-8") if isinstance(content, str) else content
    found: dict[str, Any] = {
        "name": name, "content": base64.b64encode(raw).decode(),
        "reading": {"label": reading.label, "features": reading.features, "drop": reading.drop or None,
                    "header": reading.header, "task": reading.task},
    }  # fmt: skip
    try:
        text, note = decode(raw, told(name))
        data = dataset_of(table_in(text, name, reading), reading, 3)
    except InputError as error:
        return {**found, "message": str(error)}
    return {
        **found, "note": note, "notes": list(data.notes), "task": data.task, "classes": list(data.classes),
        "features": list(data.features),
        **{part: base64.b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode()
           for part, values in (("train_x", data.train_x.T), ("train_y", data.train_y), ("test_x", data.test_x.T),
                                ("test_y", data.test_y))},
    }  # fmt: skip
