#!/bin/sh
# The layering check is checked: each violation planted in a copy of the tree must be found.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
status=0

# $1: what is planted; $2: file; $3: line
expect_caught()
{
    rm -rf "$copy/src"
    cp -r "$root/src" "$root/CMakeLists.txt" "$copy/"
    printf '%s\n' "$3" >>"$copy/$2"
    if sh "$root/scripts/layering.sh" "$copy" >/dev/null 2>&1; then
        echo "FAIL not caught: $1"
        status=1
    else
        echo "ok   caught: $1"
    fi
}

cp -r "$root/src" "$root/CMakeLists.txt" "$copy/"
sh "$root/scripts/layering.sh" "$copy" || status=1
expect_caught "a pure folder includes the store" src/metering/meter.c '#include "store/store.h"'
expect_caught "the net includes the store" src/net/http.c '#include "store/store.h"'
expect_caught "base includes telephony" src/base/buf.c '#include "sip/msg.h"'
expect_caught "a pure folder reads a clock" src/edge/invite.c '#include <time.h>'
expect_caught "a pure folder opens a file" src/rating/csv.c 'void *f(void) { return fopen("x", "r"); }'
expect_caught "SQLite outside the store" src/api/api.c '#include <sqlite3.h>'
expect_caught "an include that goes upwards" src/sip/msg.h '#include "../store/store.h"'
expect_caught "a link that the table does not have" CMakeLists.txt 'dt_module(guard dt_store)'
expect_caught "a guard header inside base" src/base/map.h '#include "guard/heal.h"'
exit $status
