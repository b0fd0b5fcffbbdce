// Regenerates src/whatsapp_wire/tokens.json from the MIT-licensed npm package `baileys` (lib/WABinary/constants.js).
//
//   mkdir scratch && npm pack baileys@6.7.24 --pack-destination scratch && tar xzf scratch/*.tgz -C scratch
//   node tools/generate_tokens.mjs scratch/package > src/whatsapp_wire/tokens.json
//
// Name the version: the one tagged `latest` on npm (6.17.16) is older and speaks another dictionary.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const DICTIONARY_VERSION = 3;

function fail(message) {
  console.error(message);
  process.exit(2);
}

const unpacked = process.argv[2] ?? fail("usage: node tools/generate_tokens.mjs DIRECTORY_OF_THE_UNPACKED_PACKAGE");

const defaults = readFileSync(resolve(unpacked, "lib/Defaults/index.js"), "utf8");
const version = Number(/\bDICT_VERSION = (\d+);/.exec(defaults)?.[1]);
if (version !== DICTIONARY_VERSION) fail(`the package speaks dictionary ${version}, not ${DICTIONARY_VERSION}`);

const constants = pathToFileURL(resolve(unpacked, "lib/WABinary/constants.js"));
const { SINGLE_BYTE_TOKENS, DOUBLE_BYTE_TOKENS } = await import(constants.href);
const dictionary = { version, single: SINGLE_BYTE_TOKENS.map((token) => token ?? ""), double: DOUBLE_BYTE_TOKENS };
process.stdout.write(JSON.stringify(dictionary, null, 1) + "\n");
