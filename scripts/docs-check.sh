#!/bin/sh
# docs-check.sh BUILD: every block of the documents that begins with ```sh run is run, in order and
# page by page, beside a demo that was just made. A command that fails fails the page.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
build=$(cd "$1" && pwd)
place=$(mktemp -d)
server=
phones=
carrier=
finish()
{
    for pid in $phones $carrier $server; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$place"
}
trap finish EXIT
trap 'exit 1' INT TERM

ln -s "$build" "$place/build"
for name in docs test bench src; do
    ln -s "$root/$name" "$place/$name"
done
cd "$place"
# Other ports than a demo that somebody may be looking at.
sip=$((26000 + $$ % 2000))
build/dialtone init demo --demo --listen "udp:127.0.0.1:$sip" --listen "tcp:127.0.0.1:$sip" --http 127.0.0.1:0
build/dialtone run demo >run.out 2>&1 &
server=$!
tenths=0
until build/dialtone status demo --json >/dev/null 2>&1; do
    tenths=$((tenths + 1))
    [ $tenths -lt 150 ] || { cat run.out; exit 1; }
    sleep 0.1
done
build/dialtone-phones demo/carrier.conf --quiet >carrier.out 2>&1 &
carrier=$!
build/dialtone-phones demo/phones.conf >phones.out 2>&1 &
phones=$!
until grep -q 'call ended' phones.out; do
    tenths=$((tenths + 1))
    [ $tenths -lt 900 ] || { cat phones.out; exit 1; }
    sleep 0.1
done

status=0
for page in "$root/README.md" "$root"/docs/*.md; do
    awk '/^ *```sh run *$/ { on = 1; next } /^ *```/ { on = 0 } on' "$page" >page.sh
    [ -s page.sh ] || continue
    echo "==== ${page#"$root"/}"
    # The page before may have killed something.
    tenths=0
    until build/dialtone status demo --json >/dev/null 2>&1 && build/dialtone explain alice bob >/dev/null 2>&1; do
        tenths=$((tenths + 1))
        [ $tenths -lt 150 ] || break
        sleep 0.1
    done
    if ! sh -eux page.sh; then
        echo "FAIL ${page#"$root"/}"
        status=1
    fi
done
exit $status
