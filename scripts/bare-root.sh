#!/bin/sh
# bare-root.sh [--run] [--check [--only PART]] [--keep]: makes a bare Debian 12 (debootstrap's minbase, and git), clones this
# repository into it and does there what the README says: ./run --once, ./check, or, without a choice, both.
# Prints how long each took. Needs root. What is not committed is not tested.
set -eu
root_of_repo=$(cd "$(dirname "$0")/.." && pwd)

wants_run=
wants_check=
is_kept=
check=./check
while [ $# -gt 0 ]; do
    case "$1" in
    --run) wants_run=yes ;;
    --check) wants_check=yes ;;
    --keep) is_kept=yes ;;
    --only)
        check="./check --only ${2:?--only needs a part}"
        shift
        ;;
    *)
        echo "usage: scripts/bare-root.sh [--run] [--check [--only PART]] [--keep]" >&2
        exit 2
        ;;
    esac
    shift
done
[ -n "$wants_run$wants_check" ] || { wants_run=yes; wants_check=yes; }
[ "$(id -u)" = 0 ] || { echo "bare-root.sh needs root, for chroot" >&2; exit 1; }
"$root_of_repo/scripts/install-deps.sh" drill

place=$(mktemp -d "${TMPDIR:-/var/tmp}/dialtone-root.XXXXXX")
root=$place/root
# What runs inside, found by its root directory: only what we started has this one.
end_inside()
{
    for link in /proc/[0-9]*/root; do
        case "$(readlink "$link" 2>/dev/null || true)" in
        "$root" | "$root"/*)
            pid=${link#/proc/}
            kill -KILL "${pid%/root}" 2>/dev/null || true
            ;;
        esac
    done
}
finish()
{
    end_inside
    for mounted in dev/shm dev/pts dev proc sys; do
        if grep -q " $root/$mounted " /proc/mounts; then
            umount "$root/$mounted" || umount -l "$root/$mounted" || true
        fi
    done
    if grep -q " $root/" /proc/mounts; then
        echo "something is still mounted under $root: it stays" >&2
    elif [ -z "$is_kept" ]; then
        rm -rf --one-file-system "$place"
    else
        echo "kept: $root"
    fi
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# The mirror that this machine uses, so that a local one is used here too.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -n 's/^URIs: *\([^ ]*\/debian\/\{0,1\}\)$/\1/p;s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\/debian\/\{0,1\}\) .*/\2/p' |
    head -n 1)
from_s=$(date +%s)
# shellcheck disable=SC2086
debootstrap --variant=minbase --include=git bookworm "$root" $mirror >"$place/debootstrap.log" 2>&1 || {
    tail -n 20 "$place/debootstrap.log" >&2
    exit 1
}
echo "bare root made in $(($(date +%s) - from_s)) s"

for file in /etc/resolv.conf /etc/hosts; do
    cp -L "$file" "$root$file"
done
rm -f "$root/etc/apt/sources.list"
for item in sources.list sources.list.d apt.conf apt.conf.d auth.conf.d keyrings trusted.gpg.d preferences.d; do
    [ -e "/etc/apt/$item" ] && cp -rL "/etc/apt/$item" "$root/etc/apt/"
done
rm -f "$root"/etc/apt/sources.list.d/*.disabled*
# Certificates that this machine trusts beside Debian's own (a proxy's, say).
if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$root/usr/local/share"
    cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
fi

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
mount --bind /dev/shm "$root/dev/shm" 2>/dev/null || true

git clone -q --no-hardlinks "$root_of_repo" "$root/root/dialtone"
git -C "$root/root/dialtone" log -1 --format='commit %h %s'

status=0
# $1: command, in the clone, with little but what a login gives.
inside()
{
    from_s=$(date +%s)
    result=0
    env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        ${HTTP_PROXY:+HTTP_PROXY="$HTTP_PROXY"} ${HTTPS_PROXY:+HTTPS_PROXY="$HTTPS_PROXY"} \
        ${no_proxy:+no_proxy="$no_proxy"} ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} \
        chroot "$root" sh -c "cd /root/dialtone && $1" </dev/null || result=$?
    echo "---- $1: status $result, $(($(date +%s) - from_s)) s"
    [ "$result" = 0 ] || status=1
    end_inside
}
[ -z "$wants_run" ] || inside "./run --once"
[ -z "$wants_check" ] || inside "$check"
exit $status
