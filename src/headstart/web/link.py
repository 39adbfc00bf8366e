"""From a report to the page: a link that opens the same comparison in the browser, ready to be changed.

The report holds the whole page, packed, because a report is one file: the link needs nothing beside it, and no network.
What the page cannot do is said instead.
"""

from __future__ import annotations

import base64
import gzip
import shlex
from typing import Any

from headstart.errors import InputError
from headstart.experiments.data.datasets import is_csv
from headstart.experiments.data.given import Given
from headstart.experiments.data.opening import is_regular, told
from headstart.experiments.settings import CompareSettings
from headstart.show.characters import escaped
from headstart.show.page import Part
from headstart.web.page import Page, page
from headstart.web.state import PageState, page_state

ID = "lab-page"
OPEN = f"""
const packed = Uint8Array.from(atob(document.getElementById("{ID}").textContent), (sign) => sign.charCodeAt(0));
const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
new Response(unpacked).arrayBuffer().then((page) => {{
  const link = document.getElementById("{ID}-link");
  link.href = URL.createObjectURL(new Blob([page], {{ type: "text/html" }}));
  link.target = "_blank";
}});
"""
PASSED_ON = ("script-src", "worker-src")  # what a page that is opened from a report may do is what the report may


def lab_part(settings: CompareSettings) -> Part:
    """What a comparison's report says of the page."""
    try:
        state = state_of(settings)
        _see_it_can_be_read_again(settings.data)
        made = page(state)
    except InputError as error:
        return Part(f'<p class="note">Not in the lab: {escaped(str(error))}</p>')
    asked = escaped(command(state))
    body = (
        f'<p><a id="{ID}-link" href="#{ID}-link">Open this in the lab</a>, where every setting can be changed while it '
        f"trains; or write <code>{asked}</code>.</p>"
    )
    packed = base64.b64encode(gzip.compress(made.html.encode("utf-8", "backslashreplace"), 9, mtime=0)).decode()
    data = f'<script type="text/plain" id="{ID}">{packed}</script>\n'
    return Part(body, OPEN, data, _allowed(made))


def state_of(settings: CompareSettings) -> PageState:
    """A comparison's settings as the page takes them.

    Raises:
        InputError: they are more than the page takes.
    """
    return page_state(**_changed(settings, CompareSettings))


def _see_it_can_be_read_again(data: str | Given) -> None:
    if isinstance(data, str) and is_csv(data) and not is_regular(data):
        raise InputError(f"{told(data)} cannot be read a second time. Write it to a file first.")


def command(state: PageState) -> str:
    """The command that opens the page with a state.

    >>> command(page_state(schemes=["he", "normal(10)"], hidden=[8, 8]))
    "headstart lab he 'normal(10)' --hidden 8,8"
    """
    given = _changed(state, CompareSettings)
    words = ["headstart", "lab", *given.pop("schemes", ())]
    for name, value in given.items():
        words += _option(name, value)
    return shlex.join(words)


def _option(name: str, value: Any) -> list[str]:
    option = "--" + name.replace("_", "-")
    if isinstance(value, Given):
        return [option, "FILE.csv"]
    if isinstance(value, bool):
        return [option if value else f"--no-{option[2:]}"]
    return [option, ",".join(map(str, value)) if isinstance(value, tuple) else f"{value}"]


def _changed(settings: CompareSettings, model: type[CompareSettings]) -> dict[str, Any]:
    """The settings that differ from their defaults."""
    fields = model.model_fields
    return {name: getattr(settings, name) for name in fields if getattr(settings, name) != fields[name].default}


def _allowed(made: Page) -> dict[str, list[str]]:
    rules = (rule.split() for rule in made.policy.split(";"))
    return {name: sources for name, *sources in rules if name in PASSED_ON}
