#!/bin/sh
# none-shipped.sh PROGRAM [MUTANT]: of what drills break on purpose (src/base/drill.h) nothing is in the program. With a
# build for drills beside it: there the same names are found, so this looks for the right thing.
set -eu
cd "$(dirname "$0")/../.."
program=$1
names=$(cat src/*/*.c | tr '\n' ' ' | grep -oE 'drill_(is|point)\([^)]*\)' | grep -oE '"[a-z/-]+"' | tr -d '"' | sort -u)
clean=$(mktemp)
trap 'rm -f "$clean"' EXIT
objcopy --strip-debug "$program" "$clean" # debug information tells of the source
count=$(echo "$names" | wc -l)
[ "$count" -ge 25 ] || { echo "only $count names are in the source: this test looks for the wrong thing"; exit 1; }
bad=0
for name in $names DIALTONE_MUTATION DIALTONE_DRILL_POINTS; do
    if grep -qaF "$name" "$clean"; then
        echo "$program knows $name"
        bad=1
    fi
    if [ $# -gt 1 ] && ! grep -qaF "$name" "$2"; then
        echo "$2 does not know $name"
        bad=1
    fi
done
[ "$bad" = 0 ] && echo "none of $count names is in $program"
exit $bad
