#!/usr/bin/env node
require("child_process").spawnSync("./caro", process.argv.slice(2), { stdio: "inherit" });
