// Regenerates src/whatsapp_wire/tokens.json from the MIT-licensed npm package `baileys` (lib/WABinary/constants.js).
//
//   mkdir scratch && npm pack baileys@6.17.16 --pack-destination scratch && tar xzf scratch/*.tgz -C scratch
//   node tools/generate_tokens.mjs scratch/package > src/whatsapp_wire/tokens.json
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const unpacked = process.argv[2];
if (!unpacked) {
  console.error("usage: node tools/generate_tokens.mjs DIRECTORY_OF_THE_UNPACKED_PACKAGE");
  process.exit(2);
}

const constants = pathToFileURL(resolve(unpacked, "lib/WABinary/constants.js"));
const { SINGLE_BYTE_TOKENS, DOUBLE_BYTE_TOKENS } = await import(constants.href);
const dictionary = { single: SINGLE_BYTE_TOKENS.map((token) => token ?? ""), double: DOUBLE_BYTE_TOKENS };
process.stdout.write(JSON.stringify(dictionary, null, 1) + "\n");
