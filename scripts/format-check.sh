#!/bin/sh
# Every C file is as clang-format 14 writes it: Debian 12's, so that all see the same.
set -eu
cd "$(dirname "$0")/.."
find src test bench -name '*.[ch]' -not -path '*/node_modules/*' -print0 |
    xargs -0 clang-format-14 --dry-run -Werror
echo "formatted"
