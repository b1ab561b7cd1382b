#!/usr/bin/env node
console.log("llmcc");
