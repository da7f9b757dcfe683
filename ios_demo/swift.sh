#!/usr/bin/env bash
# Runs swift with these arguments: the one in PATH, else Debian 13's, in a folder of its own outside the tree.
#
#   ios_demo/swift.sh test --package-path ios_demo     as `swift test` would
#   ios_demo/swift.sh --make                           make the folder (root, Debian; 3 GB, a few minutes), if it is needed and not there
#   ios_demo/swift.sh --which                          which swift it would be; ends with 3 and a sentence if there is none
#
# FER_EDGE_SWIFT_FOLDER says where the folder lies, FER_EDGE_SWIFT_SUITE which Debian is taken (trixie has Swift 6.0), FER_EDGE_DEBIAN_MIRROR from
# where; otherwise the mirror is this machine's own. Mounts happen in a namespace of the process and end with it, however it ends.
set -euo pipefail

suite=${FER_EDGE_SWIFT_SUITE:-trixie}
folder=${FER_EDGE_SWIFT_FOLDER:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/fer-edge/swift-$suite}
finished=$folder/.swift-is-installed
tree=$(cd "$(dirname "$0")/.." && pwd -P)
packages=(swiftlang libswiftlang swiftlang-dev binutils libc6-dev gcc libstdc++-14-dev)

refuse() {
    echo "no Swift here: $1. Install Swift 5.9 or newer (https://www.swift.org/install), or, as root on Debian, ios_demo/swift.sh --make" >&2
    exit 3
}

mirror() {
    [ -z "${FER_EDGE_DEBIAN_MIRROR:-}" ] || { echo "$FER_EDGE_DEBIAN_MIRROR"; return; }
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 '/debian/\?$' || true
}

make_folder() {
    mkdir -p "$(dirname "$folder")"
    exec 9>"$folder.lock"
    flock 9
    [ ! -e "$finished" ] || return 0
    [ "$(id -u)" = 0 ] || refuse "only root can make a Debian folder"
    command -v apt-get >/dev/null || refuse "apt-get was not found, which knows the Debian mirror"
    command -v debootstrap >/dev/null || refuse "debootstrap was not found (apt-get install debootstrap)"
    unshare --mount true 2>/dev/null || refuse "this machine forbids mounts (a container without CAP_SYS_ADMIN)"
    local from
    from=$(mirror)
    [ -n "$from" ] || refuse "apt names no Debian mirror; name one in FER_EDGE_DEBIAN_MIRROR"
    # Only apt knows the proxy that it was configured with.
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [ -z "${proxy:-}" ] || export http_proxy=$proxy
    echo "Making $folder with Debian's swiftlang (3 GB, a few minutes, once)" >&2
    rm -rf "$folder"
    mkdir -p "$folder"
    debootstrap --variant=minbase "$suite" "$folder" "$from" >&2 || refuse "debootstrap failed, see above"
    inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >&2 || refuse "Debian's swiftlang could not be installed, see above"
    rm -rf "$folder"/var/cache/apt/archives/*.deb
    touch "$finished"
}

# The command, with the folder as its root; the tree, /tmp and the golden vectors' folder lie at their own paths in it.
inside() {
    FOLDER=$folder TREE=$tree unshare --mount --propagation private bash -euc '
        mount -t proc proc "$FOLDER/proc"
        for device in null zero random urandom; do [ -c "$FOLDER/dev/$device" ] || mount --bind "/dev/$device" "$FOLDER/dev/$device"; done
        for shown in "$TREE" /tmp "${FER_EDGE_GOLDEN:-}"; do
            [ -d "$shown" ] || continue
            mkdir -p "$FOLDER$shown"
            mount --rbind "$shown" "$FOLDER$shown"
        done
        [ -d "$FOLDER$PWD" ] || cd "$TREE"
        exec chroot "$FOLDER" /usr/bin/env HOME=/root PATH=/usr/libexec/swift/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            LD_LIBRARY_PATH=/usr/libexec/swift/lib/swift/linux sh -c "cd \"\$0\" && exec \"\$@\"" "$PWD" "$@"
    ' inside "$@"
}

case "${1:-}" in
--make) command -v swift >/dev/null || make_folder ;;
--which)
    if command -v swift; then exit; fi
    [ -e "$finished" ] || refuse "neither in PATH nor in $folder"
    [ "$(id -u)" = 0 ] || refuse "$folder can be entered by root only"
    echo "$folder"
    ;;
*)
    if command -v swift >/dev/null; then exec swift "$@"; fi
    make_folder
    inside swift "$@"
    ;;
esac
