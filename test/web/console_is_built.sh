#!/bin/sh
# Builds the console afresh, aside, and compares: console_is_built.sh CONSOLE_DIRECTORY
set -eu
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
cp -R "$1/src" "$1/package.json" "$1/package-lock.json" "$1/tsconfig.json" "$1/build.mjs" "$aside/"
cd "$aside"
npm ci --no-audit --no-fund --silent
npm run --silent build
diff -r "$aside/dist" "$1/dist" && echo "ok: console/dist is what its sources give"
