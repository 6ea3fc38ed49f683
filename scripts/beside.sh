# To be sourced: beside FIRST SECOND runs the command or function FIRST in the background and SECOND in the foreground.
# What FIRST says comes when both are done; it fails when either of them did.
beside() {
    local said first front=0 back=0
    said=$(mktemp)
    trap "rm -f '$said'" EXIT
    "$1" >"$said" 2>&1 &
    first=$!
    "$2" || front=$?
    wait "$first" || back=$?
    cat "$said"
    [ "$front" = 0 ] && [ "$back" = 0 ]
}
