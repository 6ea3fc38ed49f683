# To be sourced: beside FIRST … LAST runs commands or functions at once, all but the last in the background.
# What those say comes when all are done, in their order; it fails when any of them did.
beside() {
    local folder failed=0 name
    local -a running=()
    folder=$(mktemp -d)
    trap "rm -rf '$folder'" EXIT
    for name in "${@:1:$#-1}"; do
        "$name" >"$folder/${name//\//-}" 2>&1 &
        running+=($!)
    done
    "${!#}" || failed=1
    for name in "${@:1:$#-1}"; do
        wait "${running[0]}" || failed=1
        running=("${running[@]:1}")
        cat "$folder/${name//\//-}"
    done
    [ "$failed" = 0 ]
}
