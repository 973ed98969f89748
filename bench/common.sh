# common.sh: what the measuring scripts have in common; they read it in. Each has a function `usage`.

# take_options "NAME..." "SWITCH..." ARGUMENT...: --NAME VALUE sets the variable NAME, --SWITCH sets
# is_SWITCH to yes; --help and anything else end the script with its usage.
take_options() {
    names=" $1 "
    switches=" $2 "
    shift 2
    while [ $# -gt 0 ]; do
        option=${1#--}
        case "$1:$names:$switches" in
        --help:*)
            usage
            exit 0
            ;;
        --*:*" $option "*:*)
            [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 2; }
            eval "$option=\$2"
            shift
            ;;
        --*:*:*" $option "*) eval "is_$option=yes" ;;
        *)
            echo "unknown option $1; see --help" >&2
            exit 2
            ;;
        esac
        shift
    done
}

need_tools() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 2; }
    done
}

# wait_for SECONDS COMMAND...: until it succeeds, looked at each 5 ms; false: not within that time.
wait_for() {
    tries_max=$(($1 * 200))
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt $tries_max ] || return 1
        sleep 0.005
    done
}

# In `finish` a script ends what it started; this runs it however the script ends.
finish_always() {
    trap finish EXIT
    trap 'exit 130' INT TERM
}
