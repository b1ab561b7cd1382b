const { version } = require("./package.json");

console.log(`https://github.com/wildcard/caro/releases/download/v${version}/caro-windows-amd64.exe`);
