// pix-utils as a second opinion on BR codes.
//
// Reads {"parse": [code, …], "static": [element, …], "dynamic": [element, …]} from stdin, and writes to stdout what each code says
// ({"error": …} for one that is refused) and the code that pix-utils builds of each element.
import { readFileSync } from "node:fs";
import pixUtils from "pix-utils";

const { createDynamicPix, createStaticPix, hasError, parsePix } = pixUtils;

const plain = (pix) => (hasError(pix) ? { error: pix.message } : JSON.parse(JSON.stringify(pix)));
const built = (pix) => (hasError(pix) ? { error: pix.message } : { code: pix.toBRCode() });

const asked = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(
  JSON.stringify({
    parse: (asked.parse ?? []).map((code) => plain(parsePix(code))),
    static: (asked.static ?? []).map((element) => built(createStaticPix(element))),
    dynamic: (asked.dynamic ?? []).map((element) => built(createDynamicPix(element))),
  }),
);
