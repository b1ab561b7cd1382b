import { readFileSync } from "node:fs";
const { version } = JSON.parse(readFileSync("package.json"));
const names = { "linux-x64": "llmcc-linux-x64", "linux-arm64": "llmcc-linux-arm64", "darwin-x64": "llmcc-darwin-x64", "darwin-arm64": "llmcc-darwin-arm64", "win32-x64": "llmcc-win32-x64.exe" };
const name = names[`${process.platform}-${process.arch}`];
console.log(`https://github.com/allenanswerzq/llmcc/releases/download/v${version}/${name}`);
