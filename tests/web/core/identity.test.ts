import assert from "node:assert/strict";
import { test } from "node:test";
import {
  crc32,
  schemeStyles,
  told,
} from "../../../src/headstart/web/src/views/identity.ts";
import { fixtures, tables } from "./fixtures.ts";

test("a scheme has the colour and the line style that Python gives it", () => {
  const { identity, light } = tables.palette;
  for (const { names, styles } of fixtures["identity"])
    assert.deepEqual(schemeStyles(names, identity, light.series.length), styles);
  const blue = schemeStyles(["he"], identity, light.series.length)[0]!;
  for (const { names } of fixtures["identity"].filter((one: { names: string[] }) => one.names.includes("he")))
    assert.deepEqual(
      schemeStyles(names, identity, light.series.length)[names.indexOf("he")],
      blue,
    );
  assert.equal(light.series[blue.colour], "#0072B2");
});

test("a checksum is ISO 3309's", () => {
  assert.equal(crc32("123456789"), 0xcbf43926);
});

test("panels of one scheme are told apart", () => {
  assert.deepEqual(told(["he", "zeros", "he", "he"]), ["he", "zeros", "he 2", "he 3"]);
  const { identity, light } = tables.palette;
  const [first, , second] = schemeStyles(
    told(["he", "zeros", "he"]),
    identity,
    light.series.length,
  );
  assert.notDeepEqual(first, second);
});
