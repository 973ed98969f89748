#!/bin/sh
# install-deps.sh build|check|drill: installs the Debian 12 packages that building or checking needs, only
# those that are missing. Needs nothing but a base system; becomes root by sudo when it is not.
set -eu

# What the program is built from, and nothing else: `./run` waits for these.
build_packages="gcc libc6-dev cmake ninja-build pkg-config make ca-certificates
    libmicrohttpd-dev libjansson-dev libssl-dev libsqlite3-dev libpq-dev libxxhash-dev
    libcurl4-openssl-dev libconfig-dev libunbound-dev tzdata libhpdf-dev"
# Compilers and checkers, then the peers that the wire and browser tests talk to.
check_packages="$build_packages
    g++ git libcmocka-dev clang-14 libclang-rt-14-dev clang-format-14 util-linux procps curl jq sqlite3 postgresql
    python3 sip-tester sipvicious kamailio baresip-core sox socat chromium chromium-driver
    binutils systemd valgrind clang-tidy-14 nftables"

case "${1:-}" in
build) wanted=$build_packages ;;
check)
    wanted=$check_packages
    command -v node >/dev/null || wanted="$wanted nodejs"
    command -v npm >/dev/null || wanted="$wanted npm"
    ;;
drill) wanted="$check_packages debootstrap iproute2" ;;
*)
    echo "usage: install-deps.sh build|check|drill" >&2
    exit 2
    ;;
esac

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "Missing packages:$missing" >&2
        echo "Install them as root (apt-get install --no-install-recommends ...), or run this as root." >&2
        exit 1
    }
    as_root="sudo"
fi

# Debian starts a server as soon as its package is there; a Kamailio on port 5060 is not wanted. This
# file says so to invoke-rc.d for as long as the installation takes.
policy=/usr/sbin/policy-rc.d
made_policy=
forget_policy()
{
    [ -z "$made_policy" ] || $as_root rm -f "$policy"
}
trap forget_policy EXIT
trap 'exit 130' INT TERM
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    made_policy=yes
fi

echo "installing$missing"
lock="-o DPkg::Lock::Timeout=300"
$as_root apt-get $lock -q update
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get $lock -q -y install --no-install-recommends $missing
