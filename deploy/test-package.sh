#!/usr/bin/env bash
# Installs the package into a Debian that has no Swift, lets a charge point through it, upgrades, removes and purges it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

if [[ ${1-} == --help || ${1-} == -h ]]; then
    cat <<'USAGE'
Usage: sudo ./deploy/test-package.sh [--no-build | PACKAGE]

Builds the package unless one is named (--no-build: of the programs that were built last), makes a Debian 12 in a folder
by debootstrap (kept in .build/debian12 for the next time), boots it with its own systemd and without a network
(systemd-nspawn), and tries there what deploy/debian/try-package.sh says: install, a charge point's first message,
upgrade, removal, purge.
USAGE
    exit 0
fi
[[ $(id -u) -eq 0 ]] || fail "a container needs root"
install_packages lintian systemd-container util-linux

package=
options=()
case ${1-} in
    --no-build) options=(--no-build) ;;
    *) package=${1-} ;;
esac
if [[ -z $package ]]; then
    rm -f .build/packages/ocpp-gateway_*.deb
    ./deploy/package.sh "${options[@]}" .build/packages
    package=$(echo .build/packages/ocpp-gateway_*.deb)
fi
[[ -f $package ]] || fail "no package: $package"

say "lintian"
lintian --fail-on error "$package" || fail "lintian found errors"

make_debian .build/debian12

# A copy for this run: nothing of it is left behind.
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
cp -a .build/debian12/. "$root/"
install -m 644 "$package" "$root/var/tmp/gateway.deb"
install -m 644 deploy/debian/try-package.sh "$root/var/tmp/"

say "Fetching what the package depends on"
in_debian "$root" apt-get update -qq
in_debian "$root" apt-get install -y -qq --no-install-recommends --download-only /var/tmp/gateway.deb >/dev/null

say "Trying it in a Debian without Swift"
cat >"$root/etc/systemd/system/try-package.service" <<'UNIT'
[Unit]
After=mosquitto.service
[Service]
Type=oneshot
ExecStart=/bin/bash /var/tmp/try-package.sh
ExecStopPost=/bin/sh -c 'systemctl exit $EXIT_STATUS'
StandardOutput=file:/var/tmp/try-package.log
StandardError=inherit
UNIT
ln -s ../try-package.service "$root/etc/systemd/system/multi-user.target.wants/"
status=0
# With a network of its own nothing that runs here is in its way; with a time to end no failure hangs.
timeout --kill-after=10 300 systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --private-network \
    --console=pipe --boot </dev/null >.build/debian12-boot.log 2>&1 || status=$?
cat "$root/var/tmp/try-package.log"
((status == 0)) || fail "the package does NOT work (exit $status; how it booted: .build/debian12-boot.log)"
say "The package works"
