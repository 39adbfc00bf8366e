"""The page in its user's hands: keys alone, a slider dragged, saved and opened again, framed, in two tabs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chromium_browser import until
from page_checks import go_to, opened, trained, url

import headstart as hs
from headstart.web.state import address, page_state

SMALL = "seeds=2&steps=300"


def state(tab: Any) -> dict[str, Any]:
    found: dict[str, Any] = tab.evaluate("headstart.lab.state")
    return found


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_alone_reach_every_control(tabs: Any) -> None:
    """Every visible control that takes the focus is reached by Tab, once, and shows that it has it."""
    tab = opened(tabs, SMALL)
    wanted = tab.evaluate("""() => [...document.querySelectorAll(
        "a[href], button, input:not([type=radio]), select, summary, [tabindex='0']")]
      .filter((it) => !it.disabled && it.tabIndex >= 0 && it.getClientRects().length > 0
        && getComputedStyle(it).visibility === "visible").length""")
    reached = tab.evaluate("globalThis.reached = new Set(), 0")
    for _ in range(wanted + 30):
        tab.keyboard.press("Tab")
        reached = tab.evaluate("""() => {
          const it = document.activeElement;
          if (it !== document.body && it.type !== "radio") reached.add(it);
          return reached.size;
        }""")
        if reached >= wanted:
            break
    assert reached >= wanted > 20


def test_the_focus_is_seen(tabs: Any) -> None:
    tab = opened(tabs, SMALL)
    unseen = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        found = tab.evaluate("""() => {
          const it = document.activeElement, box = it.closest("label")?.querySelector("span") ?? it;
          const style = [it, box].map((each) => getComputedStyle(each));
          const seen = style.some((each) => each.outlineStyle !== "none" || each.boxShadow !== "none");
          return it === document.body || seen ? "" : it.outerHTML.slice(0, 120);
        }""")
        unseen += [found] if found else []
    assert unseen == []


def test_keys_move_the_clock(tabs: Any) -> None:
    tab = opened(tabs, SMALL)
    step = "headstart.app.clock.step"
    tab.evaluate("document.activeElement.blur()")
    end = tab.evaluate(step)
    assert end == 300
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate(step) < end
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate(step) == end
    tab.keyboard.press("r")
    assert tab.evaluate(step) == 0
    tab.keyboard.press("Space")
    until(lambda: tab.evaluate(step) > 0, "the clock runs")


# --- a slider ---------------------------------------------------------------------------------------------------------


def test_a_dragged_slider_shows_pictures_all_the_way(tabs: Any) -> None:
    """60 events within two seconds: several are shown while it moves, never nothing, and the last one at the end."""
    tab = opened(tabs, "seeds=8&steps=3000&panels=xavier;he")
    found = tab.evaluate("""async () => {
      const { lab } = headstart, seen = new Set(), panel = 1;
      let empty = 0;
      const look = () => {
        const result = lab.result(panel);
        if (result.runs.some((run) => run)) seen.add(result.spec + result.stale); else empty++;
      };
      for (let k = 0; k < 60; k++) {
        lab.setPanel(panel, { multiplier: +(0.5 * 1.03 ** k).toFixed(4) });
        look();
        await new Promise((go) => setTimeout(go, 33));
        look();
      }
      return { pictures: seen.size, empty };
    }""")
    assert found["empty"] == 0
    assert found["pictures"] >= 5
    trained(tab)
    assert tab.evaluate("headstart.lab.result(1).stale") is False
    spec = tab.evaluate("headstart.lab.result(1).spec")
    assert spec.startswith("he*")
    assert float(spec[3:]) == pytest.approx(0.5 * 1.03**59, abs=1e-4)


# --- saved, framed, opened twice --------------------------------------------------------------------------------------


def test_a_saved_page_is_as_it_was(tabs: Any, tmp_path: Path) -> None:
    asked = page_state(
        data="moons(noise=0.2)", hidden=[6, 6], activation="tanh", seeds=3, steps=500, schemes=["xavier", "he*2"],
        view="weights", theme="dark",
    )  # fmt: skip
    tab = opened(tabs, address(asked), accept_downloads=True)
    before = state(tab)
    with tab.expect_download() as download:
        tab.click("summary:has-text('Share')")
        tab.click(".menu button:has-text('Save page')")
    saved = tmp_path / "saved.html"
    download.value.save_as(saved)
    again = opened(tabs, page=saved.as_uri())
    assert state(again) == before
    assert saved.stat().st_size < 450_000


def test_it_runs_in_a_notebooks_frame(tabs: Any, tmp_path: Path) -> None:
    outer = tmp_path / "notebook.html"
    frame = hs.lab("he", seeds=2, steps=300)._repr_html_()
    outer.write_text(f"<!doctype html><title>notebook</title>{frame}", encoding="utf-8")
    tab = tabs(outer.as_uri())
    inner = until(lambda: next((found for found in tab.frames if found != tab.main_frame), None), "the frame")
    until(lambda: inner.evaluate("globalThis.headstart?.lab.status.phase === 'done'"), "training in the frame")
    assert inner.evaluate("headstart.lab.state.panels.length") == 1
    assert inner.evaluate("origin") == "null"  # it can reach nothing of the notebook's
    with pytest.raises(Exception, match=r"SecurityError|cross-origin"):
        inner.evaluate("parent.document.title")


def test_two_tabs_do_not_meddle(tabs: Any) -> None:
    one, two = opened(tabs, SMALL), opened(tabs, f"{SMALL}&data=moons")
    one.evaluate("headstart.lab.set({ seeds: 3 })")
    trained(one)
    assert (state(one)["seeds"], state(two)["seeds"]) == (3, 2)
    assert state(two)["data"]["name"] == "moons"


def test_a_page_that_is_closed_while_it_trains_leaves_nothing(tabs: Any) -> None:
    tab = tabs(url("seeds=64&steps=100000"))
    until(lambda: tab.evaluate("globalThis.headstart !== undefined"), "the lab")
    tab.close()


def test_memory_is_level_after_200_changes(tabs: Any) -> None:
    tab = opened(tabs, "seeds=2&steps=150&hidden=4&panels=he;xavier")
    session = tab.context.new_cdp_session(tab)

    def used() -> int:
        session.send("HeapProfiler.collectGarbage")
        return int(session.send("Runtime.getHeapUsage")["usedSize"]) + int(
            session.send("Runtime.getHeapUsage").get("backingStorageSize", 0)
        )

    def change(times: int) -> None:
        tab.evaluate(
            """async (times) => {
          const { lab } = headstart;
          const data = ["circles", "moons", "xor", "spirals"];
          for (let k = 0; k < times; k++) {
            lab.setPanel(k % 2, { multiplier: 0.5 + (k % 17) / 10 });
            if (k % 10 === 0) lab.set({ view: ["one", "seeds", "weights", "units", "grid"][(k / 10) % 5] });
            if (k % 25 === 0) lab.open(`seeds=2&steps=150&hidden=${4 + (k % 3)}&panels=he;xavier&data=${data[k % 4]}`);
            await new Promise((go) => setTimeout(go, 4));
          }
        }""",
            times,
        )
        trained(tab)

    change(50)
    before = used()
    change(200)
    assert used() < 1.25 * before + 2e6


# --- addresses that nobody should write -------------------------------------------------------------------------------


NONSENSE = (
    "seeds=banana", "seeds=-1", "seeds=1e99", "seeds=NaN", "hidden=0", "hidden=10,,5", "hidden=" + "9," * 500 + "9",
    "hidden=1000000", "act=tnah", "panels=hee;he", "panels=" + ";".join(["he"] * 20), "panels=normal(1e999)", "rate=0",
    "rate=-3", "rate=1e400", "steps=1e12", "data=nowhere", "data=circles(noise=-1)", "data=circles(samples=1e9)",
    "data=table", "data=digits", "data=points&points=1,2", "data=points&points=1,2,0;3,4,99", "view=x-ray", "v=2",
    "v=0", "v=", "%", "%E0%A4%A", "&&&===", "=", "__proto__=1&constructor=2&toString=3", "lesson=none",
    "hide=everything", "batch=0", "batch=-5", "optimizer=adam(2)", "seed=99", "layer=99", "step=-5", "theme=pink",
    "panels=<img src=x onerror=alert(1)>", "x=" + "a" * 200_000, "data=" + "(" * 3000, "speed=1e9", "dataseed=1e300",
    "%00=1", "panels=%00", "\u202ehe=1",
)  # fmt: skip


def test_a_nonsense_address_is_told_in_words_and_never_breaks(tabs: Any) -> None:
    tab = opened(tabs, "seeds=1&steps=100")
    silent = []
    for text in NONSENSE:
        tab.evaluate("headstart.lab.dismiss()")
        tab.evaluate("(address) => headstart.lab.open(address)", f"{text}&seeds=1&steps=100")
        notices = tab.evaluate("headstart.lab.notices.map(({ text }) => text)")
        if not notices:
            silent.append(text[:40])
        assert all(len(notice) < 1000 for notice in notices), text[:40]
        found = state(tab)
        assert 1 <= found["seeds"] <= 64
        assert 1 <= len(found["panels"]) <= 6
        assert tab.locator("img[src='x']").count() == 0
    assert silent == []
    tab.evaluate("headstart.lab.open('seeds=1&steps=100')")
    trained(tab)


@pytest.mark.parametrize("text", ["seeds=banana&act=tnah", "v=7&nonsense=1", "%E0%A4%A"])
def test_a_page_opens_with_a_nonsense_address_and_says_so(text: str, tabs: Any) -> None:
    tab = opened(tabs, f"{text}&steps=100&panels=he")
    told = " ".join(tab.evaluate("headstart.lab.notices.map(({ text }) => text)"))
    assert told
    assert told.split(".")[0][:30].lower() in tab.inner_text("body").lower()


# --- tables with names out of a bad dream -----------------------------------------------------------------------------


NAMES = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a\u2028b\u2029c", "=1+1", "${alert(1)}",
    "&lt;b&gt;", "\u202eevil", "a" * 300, "__proto__", "'\"`",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:12].encode("unicode_escape").decode())
def test_names_in_a_table_are_only_text(name: str, tabs: Any, tmp_path: Path) -> None:
    rows = [[k % 7, k * k % 5, name if k % 2 else "rose"] for k in range(40)]
    columns = {name: [row[0] for row in rows], "width": [row[1] for row in rows], "kind": [row[2] for row in rows]}
    page = hs.lab("he", data=columns, label="kind", seeds=1, steps=50).save(tmp_path / "lab.html")
    tab = opened(tabs, page=page.as_uri())
    assert sorted(tab.evaluate("headstart.lab.data.classes")) == sorted([name.strip(), "rose"])
    assert tab.locator("img[src='x']").count() == 0
    assert tab.evaluate("document.querySelectorAll('script:not([type])').length") == 1
    go_to(tab, "seeds=1&steps=50")


def test_a_table_in_the_page_has_pythons_points(tabs: Any, tmp_path: Path) -> None:
    rows = "".join(f"{k};{k * k % 17},5;{k % 5};{'rose' if k % 3 else 'iris'}\n" for k in range(60))
    (tmp_path / "flowers.csv").write_text("Id;length;width;kind\n" + rows)
    asked = {"data": tmp_path / "flowers.csv", "drop": ["Id"], "seeds": 2, "steps": 300, "data_seed": 3}
    page = hs.lab("he", **asked).save(tmp_path / "lab.html")
    tab = opened(tabs, page=page.as_uri())
    ours = hs.compare("he", **asked)
    found = tab.evaluate("headstart.lab.data.train.x.map((column) => [...column])")
    assert found == ours.data.train_x.T.tolist()
    assert tab.evaluate("headstart.lab.data.test.x.map((column) => [...column])") == ours.data.test_x.T.tolist()


BAD_TABLES = {
    "empty.csv": "", "one.csv": "a\n1\n2\n", "ragged.csv": "a,b\n1,2,3\n1,2\n", "words.csv": "a,b\nx,1\ny,0\n",
    "missing.csv": "a,b\n1,0\n,1\n2,0\n3,1\n", "same.csv": "a,b\n1,0\n2,0\n3,0\n", "header.csv": "a,b\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_told_in_pythons_words(
    name: str, tabs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(BAD_TABLES[name])
    with pytest.raises(hs.InputError) as ours:
        hs.compare("he", data=name, seeds=1, steps=1)
    tab = opened(tabs, "seeds=1&steps=100&panels=he")
    tab.evaluate("([name, text]) => headstart.lab.openTable(name, text)", [name, BAD_TABLES[name]])
    told = tab.evaluate("headstart.lab.notices.at(-1)")
    assert (told["kind"], told["text"]) == ("error", str(ours.value))
    assert tab.evaluate("headstart.lab.data.name") == "circles"


def test_a_report_opens_its_comparison_in_the_lab(tabs: Any, tmp_path: Path) -> None:
    result = hs.compare(["he", "xavier*2"], data="moons", hidden=[5], seeds=2, steps=200, learning_rate=0.1)
    report = result.report(tmp_path / "compare.html")
    tab = tabs(report.as_uri())
    until(lambda: tab.evaluate("document.querySelector('#lab-page-link').href.startsWith('blob:')"), "the link")
    with tab.context.expect_page() as popup:
        tab.click("#lab-page-link")
    lab = popup.value
    trained(lab)
    assert state(lab)["data"]["name"] == "moons"
    assert [panel["multiplier"] for panel in state(lab)["panels"]] == [1, 2]
    assert "headstart lab he 'xavier*2' --data moons --hidden 5 " in tab.inner_text("body")


# --- a lesson ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", range(6))
def test_a_lesson_shows_nothing_that_answers_before_the_guess(step: int, tabs: Any) -> None:
    tab = tabs(url(f"lesson=lecture&lessonstep={step}"))
    until(lambda: tab.evaluate("globalThis.headstart?.app.player.step?.question !== undefined"), "the lesson")
    shown = tab.evaluate("""() => ["#charts", ".verdict", "#transport", "#numbers"].filter((selector) =>
      [...document.querySelectorAll(selector)].some((it) => it.getClientRects().length > 0))""")
    assert shown == []
    assert tab.evaluate("headstart.app.clock.step") == 0
    panels = tab.evaluate("headstart.lab.state.panels.length")
    assert panels == [4, 3, 3, 3, 3, 5][step]  # the state is the step's
    tab.evaluate("headstart.app.player.choose(0)")
    assert tab.evaluate("headstart.app.player.revealed") is True
    assert "charts" not in tab.evaluate("headstart.app.player.hidden")
