import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import {
  labOf,
  type TheLab,
} from "../../../src/headstart/web/src/core/lab/lab.ts";
import { player } from "../../../src/headstart/web/src/core/player.ts";
import { judge } from "../../../src/headstart/web/src/core/judging/judge.ts";
import type { ThreadLike } from "../../../src/headstart/web/src/core/training/pool.ts";
import {
  type Answer,
  type Order,
  Thread,
} from "../../../src/headstart/web/src/core/training/worker.ts";
import type { Parts } from "../../../src/headstart/web/src/core/types.ts";
import {
  normalTable,
  planOf,
  startFrom,
} from "../../../src/headstart/web/src/core/schemes/start.ts";
import { tables } from "./fixtures.ts";

const packed = gzipSync(
  readFileSync(process.env["HEADSTART_MODULE"]!),
).toString("base64");
const rest = (): Promise<void> => new Promise((go) => void setImmediate(go));
let orders: Order[] = [];

/** A worker's thread in this one: what is posted arrives later, as messages do. */
class Here implements ThreadLike {
  onmessage: ((event: MessageEvent<Answer>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  private gone = false;
  private readonly thread = new Thread((answer) => {
    setImmediate(() => {
      if (!this.gone)
        this.onmessage?.({ data: answer } as MessageEvent<Answer>);
    });
  }, rest);

  postMessage(order: Order): void {
    orders.push(order);
    setImmediate(() => {
      if (!this.gone) this.thread.take(order);
    });
  }

  terminate(): void {
    this.gone = true;
  }
}

async function opened(
  address: string,
  more: Partial<Parts> = {},
): Promise<TheLab> {
  orders = [];
  const parts: Parts = {
    tables,
    address,
    relaxed: packed,
    plain: packed,
    table: null,
    ...more,
  };
  return labOf(parts, () => new Here(), 2);
}

async function until(lab: TheLab, holds: () => boolean): Promise<void> {
  for (let k = 0; k < 20_000 && !holds(); k++) await rest();
  assert.ok(holds(), `still ${JSON.stringify(lab.status)}`);
}

const done = (lab: TheLab) => () => lab.status.phase === "done";
const SMALL = "steps=300&seeds=3&panels=zeros;xavier;he";

test("all panels are trained, the seed that is looked at first", async () => {
  const lab = await opened(`${SMALL}&seed=2`);
  const arrived: number[] = [];
  lab.subscribe(
    (change) => change.kind === "run" && arrived.push(change.panel!),
  );
  await until(lab, done(lab));
  const jobs = orders.flatMap((order) =>
    order.kind === "job" ? [[order.job.panel, order.job.seed]] : [],
  );
  assert.deepEqual(jobs.slice(0, 4), [
    [0, 2],
    [1, 2],
    [2, 2],
    [0, 0],
  ]);
  assert.equal(arrived.length, 9);
  assert.equal(lab.summary(0)!.verdict.word, "symmetric");
  assert.equal(lab.records, 151);
  assert.equal(lab.curves(2).middle.length, 151);
  assert.ok(lab.curves(2).middle.every((cost) => cost > 0));
  assert.equal(lab.weights(2, 0, 0)!.length, 91);
  assert.equal(lab.picture(2, 0, 150, 30)!.planes[0]!.length, 32 * 32);
  assert.equal(lab.units(2, 0, 150, 0, 16)!.planes.length, 10);
  const bent = lab.bent(2, 0, 150, 1, 5)!;
  assert.deepEqual([bent.lines.length, bent.points.length], [10, 600]);
  assert.ok(bent.share > 0.5 && bent.share <= 1);
  assert.equal(lab.picture(2, 7, 0, 16), null);
  assert.equal(lab.csv().split("\n").length, 11);
  assert.ok(
    Math.abs(
      lab.layers(2)[0]!.predictedRms! / lab.layers(2)[0]!.rms.middle - 1,
    ) < 0.5,
  );
  lab.dispose();
});

test("while a slider moves, a first seed is always finished, and what lies between is dropped", async () => {
  const lab = await opened("steps=1500&seeds=3&panels=he");
  const seen = new Set<string>();
  lab.subscribe((change) => {
    if (change.kind === "run") seen.add(lab.result(0).spec);
  });
  for (let k = 0; k < 60; k++) {
    lab.setPanel(0, { multiplier: Number((1 + k / 100).toFixed(2)) });
    assert.ok(
      lab.result(0).runs.length > 0 || seen.size === 0,
      "once something was shown, something always is",
    );
    for (let turn = 0; turn < 4; turn++) await rest();
  }
  await until(lab, done(lab));
  assert.equal(lab.result(0).spec, "he*1.59");
  assert.equal(lab.result(0).done, 3);
  assert.ok(
    seen.size >= 2 && seen.size < 60,
    `${seen.size} settings were shown`,
  );
  lab.dispose();
});

test("a change of all panels waits for the first seeds, then takes the newest", async () => {
  const lab = await opened("steps=800&seeds=2&panels=he;xavier");
  const works = (): number =>
    orders.filter((order) => order.kind === "work").length / 2;
  for (let k = 1; k <= 40; k++) lab.set({ rate: 0.01 + k / 1000 });
  assert.equal(
    works(),
    1,
    "nothing has been seen yet, so the first setting goes on",
  );
  await until(lab, done(lab));
  assert.equal(works(), 2, "and of forty the last alone is trained");
  const work = orders.findLast((order) => order.kind === "work")!;
  assert.equal(work.kind === "work" && work.work.setting.rate, 0.05);
  lab.dispose();
});

test("panels and seeds that are added or removed leave the others' runs", async () => {
  const lab = await opened(SMALL);
  await until(lab, done(lab));
  const [, xavier, he] = [0, 1, 2].map((panel) => lab.result(panel).runs[0]);
  lab.removePanel(0);
  assert.deepEqual(
    [lab.result(0).runs[0], lab.result(1).runs[0]],
    [xavier, he],
  );
  lab.addPanel({ scheme: "glorot", multiplier: 2 });
  await until(lab, done(lab));
  assert.deepEqual(
    [lab.result(1).runs[0], lab.result(2).spec, lab.result(2).done],
    [he, "glorot*2", 3],
  );
  lab.set({ seeds: 5 });
  await until(lab, done(lab));
  assert.deepEqual([lab.result(1).runs[0], lab.result(1).done], [he, 5]);
  lab.set({ seeds: 2 });
  assert.deepEqual([lab.result(1).done, lab.status.phase], [2, "done"]);
  lab.dispose();
});

test("what cannot be drawn or trained is told, and the others go on", async () => {
  const lab = await opened("steps=100&seeds=2&panels=sparse(0.9);he");
  await until(lab, done(lab));
  assert.match(lab.result(0).trouble!, /leaves none of the weights/);
  assert.equal(lab.result(1).done, 2);
  lab.setPanel(1, { scheme: "hee" });
  assert.match(lab.notices.at(-1)!.text, /Did you mean 'he'/);
  lab.openTable("bad.csv", "a,b\n1,\n");
  assert.match(lab.notices.at(-1)!.text, /missing value/);
  lab.openTable(
    "t.csv",
    new TextEncoder().encode(
      `a,b,y\n${"1,2,p\n3,4,q\n5,1,p\n2,2,q\n".repeat(5)}`,
    ),
  );
  await until(lab, done(lab));
  assert.equal(lab.data!.name, "t.csv");
  assert.match(lab.address(), /data=table/);
  lab.dispose();
});

test("a long run is asked about first", async () => {
  const lab = await opened(
    `hidden=${"64,".repeat(19)}64&steps=100000&seeds=64&panels=he`,
  );
  assert.equal(lab.status.phase, "asking");
  assert.ok(lab.status.estimate > 100);
  assert.equal(orders.filter((order) => order.kind === "job").length, 0);
  lab.confirm();
  assert.equal(lab.status.phase, "training");
  lab.set({ hidden: [4], steps: 100, seeds: 1 });
  await until(lab, done(lab));
  lab.dispose();
});

test("what was asked about is trained when the reader says so", async () => {
  const strict = { ...tables, limits: { ...tables.limits, seconds: 0 } };
  const lab = await opened(SMALL, { tables: strict });
  assert.equal(lab.status.phase, "asking");
  lab.set({ view: "seeds" });
  lab.set({ seeds: 2 });
  assert.equal(lab.status.phase, "asking");
  lab.confirm();
  await until(lab, done(lab));
  assert.deepEqual([lab.result(2).done, lab.result(2).stale], [2, false]);
  lab.dispose();
});

test("any order of changes ends with what the state says, trained", async () => {
  const lab = await opened("steps=200&seeds=2&panels=he;xavier");
  let seed = 7;
  const random = (n: number): number =>
    (seed = (seed * 48271) % 2147483647) % n;
  const changes = [
    () => { lab.set({ rate: 0.01 + random(50) / 1000 }); },
    () => { lab.set({ seeds: 1 + random(4) }); },
    () => { lab.setPanel(random(lab.state.panels.length), { multiplier: 1 + random(30) / 10 }); },
    () => { lab.addPanel({ scheme: "glorot", multiplier: 1 + random(9) }); },
    () => { lab.removePanel(random(lab.state.panels.length)); },
    () => { lab.set({ hidden: [2 + random(3), 3] }); },
    () => { lab.set({ activation: ["relu", "tanh"][random(2)]! }); },
    () => { lab.set({ steps: 100 + random(3) * 50 }); },
    () => { lab.set({ dataSeed: random(3), seed: random(2) }); },
  ]; // prettier-ignore
  for (let k = 0; k < 60; k++) {
    changes[random(changes.length)]!();
    for (let turn = random(12); turn > 0; turn--) await rest();
    if (k % 15 === 14) await until(lab, done(lab));
    lab.state.panels.forEach((_, panel) => {
      lab.picture(panel, lab.state.seed, 3, 8);
      lab.summary(panel);
      lab.layers(panel);
    });
  }
  await until(lab, done(lab));
  lab.state.panels.forEach(({ scheme, multiplier }, panel) => {
    const { spec, stale, runs } = lab.result(panel);
    assert.equal(spec, multiplier === 1 ? scheme : `${scheme}*${multiplier}`);
    assert.ok(
      !stale &&
        runs.length === lab.state.seeds &&
        runs.every((run) => run?.costs.length === lab.records),
    );
    const alone = startFrom(
      planOf(spec, lab.sizes, lab.state.activation, tables),
      lab.sizes,
      0,
      normalTable(tables),
    );
    assert.deepEqual(lab.weights(panel, 0, 0), alone);
  });
  lab.dispose();
});

test("memory is level: results of settings that are gone are let go", async () => {
  const lab = await opened("steps=20&seeds=2&panels=he");
  for (let k = 0; k < 200; k++) {
    lab.setPanel(0, { multiplier: 1 + k / 1000 });
    if (k % 10 === 0) await until(lab, done(lab));
  }
  await until(lab, done(lab));
  const slots = (
    lab as unknown as { scheduler: { slots: { before: unknown }[] } }
  ).scheduler.slots;
  assert.deepEqual(
    slots.map(({ before }) => before),
    [null],
  );
  lab.dispose();
});

test("a page that is closed while training trains no longer", async () => {
  const lab = await opened("steps=15000&seeds=8");
  for (let turn = 0; turn < 20; turn++) await rest();
  let heard = 0;
  lab.subscribe(() => heard++);
  lab.dispose();
  for (let turn = 0; turn < 200; turn++) await rest();
  assert.equal(heard, 0);
});

test("without threads the page says so and offers the command", async () => {
  const parts: Parts = {
    tables,
    address: "",
    relaxed: packed,
    plain: packed,
    table: null,
  };
  const lab = await labOf(parts, () => { throw new Error("no workers here"); }, 2); // prettier-ignore
  assert.equal(lab.status.phase, "unable");
  assert.match(lab.notices[0]!.text, /no threads.*headstart compare/);
  lab.set({ seeds: 3 });
  assert.equal(lab.picture(0, 0, 0, 16), null);
});

test("a lesson asks first, and reveals nothing before the answer", async () => {
  const lab = await opened("steps=100&seeds=1");
  const [lesson] = tables.lessons;
  const at = player(lab);
  at.start(lesson!.name);
  const asks = lesson!.steps.findIndex(({ question }) => question);
  for (let k = 0; k < asks; k++) at.next();
  const { question, reveal } = at.step!;
  assert.ok(!at.revealed && at.right === null);
  assert.ok(reveal.every((part) => at.hidden.includes(part)));
  const place = at.place;
  at.next();
  assert.equal(at.place, place, "the next step waits for the answer");
  at.choose(99);
  assert.equal(at.answer, null);
  const wrong = question!.options.findIndex((_, k) => k !== question!.right);
  at.choose(wrong);
  at.choose(question!.right ?? 0);
  assert.equal(at.answer, wrong, "the first answer is the prediction");
  if (question!.right !== null) assert.equal(at.right, false);
  at.next();
  assert.equal(at.place, place + 1);
  at.back();
  assert.ok(at.revealed, "an answer stays");
  at.leave();
  assert.equal(at.lesson, null);
  lab.dispose();
});

test("without runs there is no verdict", () => {
  assert.equal(judge(tables, [], []), null);
});
