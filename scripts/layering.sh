#!/bin/sh
# layering.sh [ROOT]: each folder of src/ includes only what the table in src/README.md allows, pure
# folders reach neither clock nor file nor socket, and foreign libraries stay in their folder.
set -eu
cd "${1:-$(dirname "$0")/..}"
table=src/README.md
pure="sip guard account rating metering registrar routing calls edge"
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT

complain()
{
    echo "$1" >>"$failures"
}

# "folder: allowed allowed ...", one line a row of the table.
rows=$(sed -n 's/^| `\([a-z]*\)` |[^|]*|\([^|]*\)|$/\1:\2/p' "$table")
[ "$(echo "$rows" | wc -l)" -ge 14 ] || complain "$table: its table cannot be read"

for path in src/*/; do
    folder=$(basename "$path")
    row=$(echo "$rows" | grep "^$folder:" || true)
    if [ -z "$row" ]; then
        complain "src/$folder: no row in $table"
        continue
    fi
    allowed=" $folder ${row#*:} "
    grep -Hno '^ *# *include  *"[^"]*"' "src/$folder"/*.c "src/$folder"/*.h 2>/dev/null |
        sed 's/^\([^:]*:[0-9]*\):.*"\(.*\)"/\1 \2/' | while read -r where header; do
        case "$header" in
        */*) from=${header%%/*} ;;
        *) from=$folder ;;
        esac
        case "$header" in
        *../*) complain "$where: \"$header\" goes upwards" ;;
        esac
        case "$allowed" in
        *" $from "*) ;;
        *) complain "$where: $folder may not include $from (\"$header\")" ;;
        esac
    done
done

# What would let a pure folder see the world.
for folder in $pure; do
    grep -Hn '^ *# *include *"base/clock.h"' "src/$folder"/*.[ch] >>"$failures" || true
    grep -HnE '^ *# *include *<(time|unistd|fcntl|poll|signal|netdb|dirent|errno|syslog|threads|sys/(socket|stat|time|file|epoll|random|mman|types|wait))\.h>' \
        "src/$folder"/*.[ch] >>"$failures" || true
    grep -HnE '\b(clock_gettime|gettimeofday|fopen|fprintf|printf|getrandom|rand|random|getenv|pthread_create|syslog)\(' \
        "src/$folder"/*.[ch] >>"$failures" || true
done

# A foreign header and the folders that may know it.
while read -r pattern folders; do
    for path in src/*/; do
        folder=$(basename "$path")
        case " $folders " in
        *" $folder "*) continue ;;
        esac
        grep -HnE "^ *# *include *<$pattern" "$path"*.[ch] >>"$failures" 2>/dev/null || true
    done
done <<LIBRARIES
sqlite3 store
libpq-fe store
microhttpd net
curl/ net node
jansson net api node
libconfig node
openssl/ sip store api node
xxhash base
unbound node
LIBRARIES

# The same arrows in the build: what CMake lets a folder link, the table lets it include.
sed -n '/^dt_module(/,/)/p' CMakeLists.txt | tr '\n' ' ' | sed 's/)/\n/g' |
    sed -n 's/^ *dt_module(\([a-z]*\)/\1/p' | while read -r folder links; do
    allowed=" $(echo "$rows" | sed -n "s/^$folder://p") "
    for link in $links; do
        case "$link" in
        dt_*) ;;
        *) continue ;;
        esac
        case "$allowed" in
        *" ${link#dt_} "*) ;;
        *) complain "CMakeLists.txt: dt_$folder links $link, which $table does not allow" ;;
        esac
    done
done

if [ -s "$failures" ]; then
    cat "$failures"
    exit 1
fi
echo "layering holds: $(echo "$rows" | wc -l) folders"
