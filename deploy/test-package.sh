#!/usr/bin/env bash
# Installs the package into a Debian that has no Swift, lets a charge point through it, upgrades and purges it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

if [[ ${1-} == --help || ${1-} == -h ]]; then
    cat <<'USAGE'
Usage: sudo ./deploy/test-package.sh [PACKAGE]

Builds the package unless one is named, makes a Debian 12 in a folder by debootstrap (kept in .build/debian12 for the
next time), and tries there: install, first message of a charge point, upgrade, purge. Needs root for chroot.
USAGE
    exit 0
fi
[[ $(id -u) -eq 0 ]] || fail "chroot needs root"
install_packages debootstrap lintian util-linux

package=${1-}
if [[ -z $package ]]; then
    ./deploy/package.sh .build/packages
    package=$(find .build/packages -name '*.deb' -newer deploy/package.sh | sort | tail -n 1)
fi
[[ -f $package ]] || fail "no package: $package"

say "lintian"
lintian --fail-on error --suppress-tags-from-file /dev/null "$package" || fail "lintian found errors"

base=.build/debian12
if [[ ! -e $base/etc/debian_version ]]; then
    say "Making a Debian 12"
    rm -rf "$base"
    debootstrap --variant=minbase bookworm "$base" http://deb.debian.org/debian >.build/debootstrap.log 2>&1 ||
        fail "debootstrap failed, see .build/debootstrap.log"
fi

# A copy for this run, in a mount namespace of its own: nothing of it is left behind.
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
cp -a "$base/." "$root/"
cp "$package" "$root/tmp/gateway.deb"
cp /etc/resolv.conf "$root/etc/resolv.conf"
if compgen -G '/etc/apt/apt.conf.d/*' >/dev/null; then cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true; fi
cat >"$root/tmp/try.sh" <<'TRY'
#!/bin/bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
apt-get update -qq
apt-get install -y -qq --no-install-recommends mosquitto mosquitto-clients procps >/dev/null

! command -v swift || { echo "there is a Swift here"; exit 1; }
begin=$(date +%s%N)
apt-get install -y -qq --no-install-recommends /tmp/gateway.deb >/dev/null
mosquitto -d -p 1883 >/dev/null 2>&1
runuser -u ocpp-gateway -- env CONFIG_FILE=/etc/ocpp-gateway/ocpp-gateway.yaml LISTENERS_WS_DEFAULT_BIND=127.0.0.1:33033 \
    ocpp-gateway >/tmp/gateway.log 2>&1 &
gateway=$!
until grep -q listening /tmp/gateway.log; do kill -0 "$gateway" || { cat /tmp/gateway.log; exit 1; }; sleep 0.05; done
mosquitto_sub -t 'ocpp/cp/#' -C 1 -W 20 >/tmp/message &
subscriber=$!
sleep 0.3
charge-point-simulator run --url ws://127.0.0.1:33033/ocpp --count 1 --idle >/tmp/simulator.log 2>&1 &
simulator=$!
wait "$subscriber" || { cat /tmp/gateway.log /tmp/simulator.log; exit 1; }
grep -q BootNotification /tmp/message || { cat /tmp/message; exit 1; }
echo "from apt install to the first message: $((($(date +%s%N) - begin) / 1000000)) ms"
echo "resident memory then: $(awk '/VmRSS/ {print $2, $3}' /proc/$gateway/status)"
kill "$simulator" "$gateway"
wait "$gateway" || { echo "the gateway stopped with $?"; cat /tmp/gateway.log; exit 1; }

# Upgrade: what the operator has written stays.
echo 'log.level: debug' >>/etc/ocpp-gateway/ocpp-gateway.yaml
touch /var/lib/ocpp-gateway/kept
mkdir -p /tmp/newer && dpkg-deb -R /tmp/gateway.deb /tmp/newer
sed -i 's/^Version: .*/&+1/' /tmp/newer/DEBIAN/control
dpkg-deb --build /tmp/newer /tmp/newer.deb >/dev/null
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold /tmp/newer.deb >/dev/null
grep -q '^log.level: debug' /etc/ocpp-gateway/ocpp-gateway.yaml
test -e /var/lib/ocpp-gateway/kept
[[ $(stat -c '%a %U %G' /etc/ocpp-gateway/ocpp-gateway.yaml) == '640 root ocpp-gateway' ]]
[[ $(stat -c '%a %U' /var/lib/ocpp-gateway) == '700 ocpp-gateway' ]]
CONFIG_FILE=/etc/ocpp-gateway/ocpp-gateway.yaml ocpp-gateway --check-config

apt-get purge -y -qq ocpp-gateway >/dev/null
for left in /etc/ocpp-gateway /var/lib/ocpp-gateway /usr/lib/ocpp-gateway; do
    [[ ! -e $left ]] || { echo "$left is left behind"; exit 1; }
done
echo "installed, used, upgraded and purged"
TRY
say "Trying it in a Debian without Swift"
unshare --mount --pid --fork bash -c '
    set -e
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    chroot "$1" bash /tmp/try.sh
' _ "$root" || fail "the package does NOT work"
if command -v systemd-analyze >/dev/null 2>&1; then
    say "systemd-analyze security, offline"
    systemd-analyze security --offline=true deploy/debian/ocpp-gateway.service 2>/dev/null | tail -n 1
fi
say "The package works"
