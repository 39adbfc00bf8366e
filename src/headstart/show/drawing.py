"""Charts in and out: rows become a chart's data, and a chart becomes pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from typing import Any

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]  # name -> the rows of a chart's data set
Spec = dict[str, Any]  # a chart in Vega-Lite's JSON


def records(rows: list[dict[str, Any]]) -> Any:
    """Rows as a chart's data, written into the chart itself."""
    import altair as alt

    data: Any = alt.Data
    return data(values=rows)


def named_table(tables: Tables, name: str, rows: Rows) -> Any:
    """Put rows into a chart's tables and refer to them by name.

    Altair copies a chart with all its inline data each time it is put into another; a name is cheap to copy.
    """
    import altair as alt

    tables[name] = rows
    return alt.NamedData(name=name)


_tables: ContextVar[Tables | None] = ContextVar("tables", default=None)


@contextmanager
def collected() -> Iterator[Tables]:
    """While a chart is put together, its rows are kept aside under names, which are cheap to copy."""
    tables: Tables = {}
    token = _tables.set(tables)
    try:
        yield tables
    finally:
        _tables.reset(token)


def inline(rows: Rows) -> Any:
    """Rows as a chart's data: in the chart itself, or where rows are collected, under a name."""
    tables = _tables.get()
    return records(rows) if tables is None else named_table(tables, f"rows {len(tables)}", rows)


@cache
def renderer() -> Future[None]:
    """Start what draws, which takes most of a second, in a thread beside the one that makes the chart."""
    pool = ThreadPoolExecutor(1)
    started = pool.submit(_start_renderer)
    pool.shutdown(wait=False)
    return started


def _start_renderer() -> None:
    import vl_convert

    vl_convert.vegalite_to_svg({"mark": "point"})


def _waited_for(draw: Callable[..., Any], *given: Any) -> Any:
    """What a drawing comes to, in another thread: while this one waits, it hears Ctrl-C."""
    pool = ThreadPoolExecutor(1)
    drawn = pool.submit(draw, *given)
    pool.shutdown(wait=False)
    return drawn.result()


def svg_of(spec: Spec) -> str:
    """A chart as SVG."""
    import vl_convert

    renderer().result()
    drawn: str = _waited_for(vl_convert.vegalite_to_svg, spec)
    return drawn


def to_png(svg: str, scale: float) -> bytes:
    """An SVG as PNG, of so many pixels for each of its units."""
    import vl_convert

    drawn: bytes = _waited_for(vl_convert.svg_to_png, svg, scale)
    return drawn


def to_pdf(svg: str) -> bytes:
    """An SVG as PDF; its units are points."""
    import vl_convert

    drawn: bytes = _waited_for(vl_convert.svg_to_pdf, svg)
    return drawn


class Drawing:
    """A chart in every form, drawn once however many are asked for.

    Args:
        made: the specification, or what makes the Altair chart when it is first needed.
        scale: pixels of a PNG per unit of the chart.
    """

    def __init__(self, made: Spec | Callable[[], Any], scale: float = 2.0) -> None:
        self._made, self.scale = made, scale

    @cached_property
    def spec(self) -> Spec:
        """The chart in Vega-Lite's JSON. Tests validate it; thousands of rows would take seconds here."""
        if isinstance(self._made, dict):
            return self._made
        found: Spec = self._made().to_dict(validate=False)
        return found

    @cached_property
    def _drawn(self) -> str:
        renderer()
        return svg_of(self.spec)

    def svg(self) -> bytes:
        return self._drawn.encode()

    def png(self) -> bytes:
        return to_png(self._drawn, self.scale)

    def pdf(self) -> bytes:
        return to_pdf(self._drawn)

    def json(self) -> bytes:
        """The chart in Vega-Lite's JSON."""
        return json.dumps(self.spec).encode()
