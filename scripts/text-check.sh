#!/bin/sh
# Scripts are plain sh; links of the documents lead somewhere; every source folder has its row.
set -eu
cd "$(dirname "$0")/.."
status=0
for script in run check .ci/run scripts/*.sh test/lint/*.sh; do
    sh -n "$script" || status=1
done
for page in README.md src/README.md docs/*.md test/scenario/README.md; do
    for target in $(grep -o '](\([^)#]*\)[^)]*)' "$page" | sed 's/^](//;s/[)#].*//'); do
        case "$target" in
        *://*) continue ;;
        esac
        [ -e "$(dirname "$page")/$target" ] || { echo "$page: no $target"; status=1; }
    done
    # A path in backquotes that begins with a folder of ours is there.
    for target in $(grep -oE '`(src|test|docs|scripts|bench|console|packaging)/[A-Za-z0-9_./-]+`' "$page" | tr -d '`'); do
        [ -e "$target" ] || { echo "$page: no $target"; status=1; }
    done
done
[ $status = 0 ] && echo "scripts and links hold"
exit $status
