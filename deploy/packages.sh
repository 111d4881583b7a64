# shellcheck shell=bash
# What both scripts here share: Debian packages and the Swift toolchain. Sourced, not run.

say() {
    printf '==> %s\n' "$*"
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Swift 6.2 or newer must be there: Debian has no package of it.
need_swift() {
    command -v swift >/dev/null 2>&1 ||
        fail "Swift is missing. Install Swift 6.2 or newer from https://www.swift.org/install and put it on the PATH."
    local version major minor
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    IFS=. read -r major minor _ <<<"${version:-0.0}"
    if ((major < 6 || (major == 6 && ${minor:-0} < 2))); then
        fail "Swift ${version:-of an unknown version} is too old: 6.2 or newer is needed, see https://www.swift.org/install."
    fi
}

# Has what is built afterwards tell its commit (`--version`); without git, or outside of a clone, it tells none.
export_commit() {
    OCPP_GATEWAY_COMMIT=$(git describe --always --abbrev=7 --dirty --exclude='*' 2>/dev/null) || OCPP_GATEWAY_COMMIT=
    export OCPP_GATEWAY_COMMIT
}

# As root, or by sudo where we are not.
as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "installing packages needs root or sudo: $*"
    fi
}

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# missing_of PACKAGE...: prints those that are not installed.
missing_of() {
    local package
    for package in "$@"; do
        is_installed "$package" || echo "$package"
    done
}

# install_packages PACKAGE...: installs those that are missing, and only those.
install_packages() {
    local missing
    mapfile -t missing < <(missing_of "$@")
    if ((${#missing[@]} == 0)); then
        return
    fi
    command -v apt-get >/dev/null 2>&1 ||
        fail "these packages are missing, and there is no apt-get to install them: ${missing[*]}"
    say "Installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq </dev/null
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
        apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        "${missing[@]}" </dev/null
}

# install_servers PACKAGE...: the same for servers that are wanted as programs only: the package does not start its
# service, now or at the next boot.
install_servers() {
    local missing
    mapfile -t missing < <(missing_of "$@")
    if ((${#missing[@]} == 0)); then
        return
    fi
    (
        policy=/usr/sbin/policy-rc.d
        if [[ ! -e $policy ]]; then
            printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
            trap 'as_root rm -f "$policy"' EXIT
            as_root chmod +x "$policy"
        fi
        install_packages "${missing[@]}"
    )
    if command -v systemctl >/dev/null 2>&1; then
        as_root systemctl disable --quiet "${missing[@]}" 2>/dev/null || true
    fi
}

# make_debian FOLDER: a Debian 12 with systemd and a Mosquitto, unless it is there; from the mirror that this machine uses.
make_debian() {
    [[ ! -e $1/usr/sbin/mosquitto ]] || return 0
    install_packages debootstrap
    say "Making a Debian 12 in $1"
    local mirror
    # shellcheck disable=SC2016 # apt's own format
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 'Component: main' | sed -n 1p)
    rm -rf --one-file-system "$1"
    mkdir -p "$(dirname "$1")"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,procps,ca-certificates,mosquitto,mosquitto-clients \
        bookworm "$1.part" ${mirror:+"$mirror"} >"$1.log" 2>&1 || fail "debootstrap failed, see $1.log"
    mv "$1.part" "$1"
}

# in_debian FOLDER COMMAND...: runs it in a Debian that is not booted, with this machine's network and proxy.
in_debian() {
    cp /etc/resolv.conf "$1/etc/resolv.conf"
    apt-config dump | grep -i '^Acquire::.*Proxy' >"$1/etc/apt/apt.conf.d/99proxy" || true
    # shellcheck disable=SC2016 # for the inner shell
    DEBIAN_FRONTEND=noninteractive unshare --mount --pid --fork bash -c '
        set -e
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        exec chroot "$@"
    ' _ "$@"
}

# What the build of the gateway needs.
# shellcheck disable=SC2034 # used by those that source this
readonly build_packages=(libmosquitto-dev libssl-dev zlib1g-dev libcrypt-dev libsqlite3-dev libpq-dev libmariadb-dev
    libhiredis-dev libmongoc-dev pkg-config)

# Flags of every release build, the same in every script: others would build all again. Swift's runtime is linked in, so
# that the programs run where there is no Swift. Nothing is loaded that would want the program's own symbols: without
# their table what is not used goes, and the start has fewer addresses to fill in.
readonly release_flags=(-c release --static-swift-stdlib --no-color-diagnostics -Xlinker --no-export-dynamic)

# swift_build ARGUMENT...: `swift build`. Each of our modules is compiled with a `-D` for each trait of the package, in the order
# in which a Set has them, and in another order all of them are compiled again. This order is always the same; programs
# that are started are not, which must not be told to hash so.
swift_build() {
    SWIFT_DETERMINISTIC_HASHING=1 swift build "$@"
}

# build_release PRODUCT...: builds these programs and finds them. What no program needs is left out: the tests' modules
# cannot be built so.
build_release() {
    say "Building the programs (release)"
    export_commit
    local product
    for product in "$@"; do
        swift_build "${release_flags[@]}" --product "$product" || fail "the build FAILED"
    done
    find_release
}

# shellcheck disable=SC2034 # used by those that source this
release_bin=

# find_release: sets release_bin to the folder of what was built.
find_release() {
    # shellcheck disable=SC2034 # used by those that source this
    release_bin=$(swift build "${release_flags[@]}" --show-bin-path)
}
