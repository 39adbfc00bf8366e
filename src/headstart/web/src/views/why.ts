// "Why?": what was measured, the rule it broke, what theory says, and its prediction beside what was measured.

import type { Finding, Lab, Tables } from "../core/types.ts";
import { buttons, openDialog } from "./dialog.ts";
import { el, type Child } from "./dom.ts";
import { short } from "./numbers.ts";
import { layerTable, table } from "./table.ts";

/** Opens the explanation of a panel's verdict. */
export function openWhy(lab: Lab, panel: number): void {
  const verdict = lab.summary(panel)?.verdict;
  if (!verdict) return;
  const { spec } = lab.result(panel);
  const paragraph = lab.tables.paragraphs[verdict.word];
  openDialog(
    `${spec}: ${verdict.word}`,
    el("p", {}, verdict.reason),
    paragraph !== undefined && el("p", {}, paragraph),
    ...verdict.findings.flatMap((finding) => explain(finding, lab.tables)),
    el("h3", {}, "Theory beside what was measured"),
    el("p", {}, theoryWords(lab, panel)),
    theory(lab, panel),
    el("details", {}, el("summary", {}, "All numbers of the layers"), layerTable(lab, panel)),
    buttons(),
  );
}

/** A finding with its rule, as `headstart explain` prints it. */
function explain(finding: Finding, tables: Tables): Child[] {
  const rule = tables.rules.find((row) => row.code === finding.code);
  const title = `${finding.code} ${finding.word}${finding.severity === "remark" ? " (a remark)" : ""}`;
  const measured = `Measured: ${short(finding.value)}. The limit is ${short(finding.limit)}${rule ? ` (${rule.unit})` : ""}.`;
  return [
    el("h3", {}, title),
    el("p", {}, finding.message),
    el("p", {}, measured),
    rule && el("p", {}, rule.meaning),
    rule && el("p", {}, rule.why),
    el("p", {}, `What helps: ${finding.remedy || rule?.fix || ""}`),
    rule && el("p", { class: "source" }, `Source: ${rule.source}`),
  ];
}

function theoryWords(lab: Lab, panel: number): string {
  return lab.layers(panel).some((row) => row.predictedRms !== null)
    ? "Mean-field theory follows a mean square through wide layers: the rms of the sums that enter each layer's activation. A network this narrow scatters around it from seed to seed."
    : "Mean-field theory has no rule for this setting.";
}

function theory(lab: Lab, panel: number): HTMLElement | undefined {
  const rows = lab.layers(panel).filter((row) => row.predictedRms !== null);
  if (!rows.length) return undefined;
  return table(
    "Root mean square of the sums at the start",
    ["layer", "by theory", "measured: median", "quartiles"],
    rows.map((row) => [
      row.name,
      short(row.predictedRms!),
      short(row.rms.middle),
      `${short(row.rms.low)}–${short(row.rms.high)}`,
    ]),
  );
}
