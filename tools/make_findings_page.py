"""Writes docs/findings.md from the registry of rules; `tests/signals/test_findings_page.py` compares the two.

python tools/make_findings_page.py
"""

from __future__ import annotations

from pathlib import Path

from headstart.signals.registry import rows
from headstart.words import number

PAGE = Path(__file__).parents[1] / "docs" / "findings.md"
HEAD = """# Findings and verdicts

What is measured before the first step, and what training makes of it, is held against the rules on this page. What
passes a rule's limit is a finding: a code, the layer, the number, its limit, a sentence and a remedy. A **fault** is
something wrong, a **remark** is worth knowing. The verdict is the word of the weightiest fault, or *recovered*, or
*healthy*. `headstart explain HS201` and `headstart explain vanishing` print what stands here.

HS1 to HS5 judge experiments, HS6 the parameters of a model or checkpoint: see [an audit](audit.md). A probe judges one
pass of any model by HS1 to HS4, and by what of HS6 a pass can show: see [a probe](probe.md).

Numbers are medians over the runs, so that one odd run decides nothing. What is found at the start (HS1 to HS4) is true
of the start, whatever happens then. If training has made up for it, it is a remark and the verdict is *recovered*: from
a start that vanishes it has to leave the plateau, from one that explodes or is saturated it has to get rid of most of
the cost (HS505).

```python
import headstart as hs

small = hs.compare(
    ["normal(0.01)"], data="moons", hidden=(4,), activation="tanh", learning_rate=1.2, seeds=4, steps=2000
)
verdict = small.verdicts["normal(0.01)"]
```

```python
>>> verdict.word, [(finding.code, finding.severity) for finding in verdict.findings]
('recovered', [('HS201', 'remark'), ('HS301', 'remark'), ('HS505', 'remark')])
>>> verdict.findings[0].value < verdict.findings[0].limit  # factors on the signal, over the whole depth
True

```

| code | word | severity | what is found |
|---|---|---|---|
"""


def page() -> str:
    """The page's text."""
    found = rows()
    table = [f"| {row['code']} | {row['word']} | {row['severity']} | {row['title']} |" for row in found]
    sections = []
    for row in found:
        sections.append(
            f"""
## {row["code"]} {row["word"]}

{row["title"]} ({row["severity"]})

**Meaning.** {row["meaning"]}

**Limit.** {number(row["limit"])} ({row["unit"]})

**Theory.** {row["why"]}

**Fix.** {row["fix"]}

**Source.** {row["source"]}

The first command has the finding, the second has not:

```sh
{row["example"]}
{row["healthy"]}
```
"""
        )
    return HEAD + "\n".join(table) + "\n" + "".join(sections)


if __name__ == "__main__":
    PAGE.write_text(page())
