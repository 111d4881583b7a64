#!/bin/bash
# What deploy/test-package.sh runs inside a Debian 12 with systemd and a Mosquitto: the package, from the first
# installation to the purge.
set -euo pipefail
cd /var/tmp
export DEBIAN_FRONTEND=noninteractive
readonly settings=/etc/ocpp-gateway/ocpp-gateway.yaml

fail() {
    echo "FAILED: $*"
    journalctl --unit=ocpp-gateway --no-pager --lines=30
    exit 1
}

install_package() {
    apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$1" >apt.log 2>&1 ||
        { cat apt.log && fail "apt install $1"; }
}

# newer NUMBER: the package with a later version, and with another configuration than the one that was installed.
newer() {
    rm -rf newer && dpkg-deb -R gateway.deb newer
    sed -i "s/^Version: .*/&+$1/" newer/DEBIAN/control
    echo "# As version $1 has it." >>newer/etc/ocpp-gateway/ocpp-gateway.yaml
    dpkg-deb --build -Zgzip -z1 newer "newer$1.deb" >/dev/null
}

process() { systemctl show --property=MainPID --value ocpp-gateway; }

# listen FILE TOPIC: subscribes, and waits until the broker has said that it has.
listen() {
    stdbuf -oL mosquitto_sub -h 127.0.0.1 -d -t "$2" -C 1 -W 60 >"$1" 2>&1 &
    subscriber=$!
    until grep -q Subscribed "$1"; do
        kill -0 "$subscriber" 2>/dev/null || fail "no subscription: $(<"$1")"
        sleep 0.05
    done
}

! command -v swift || fail "there is a Swift here"
begin=$(date +%s%N)
install_package ./gateway.deb
systemctl is-active --quiet ocpp-gateway || fail "it does not run after its installation"
echo "apt install, until it has said that it is ready: $((($(date +%s%N) - begin) / 1000000)) ms"
listen message 'ocpp/cp/#'
# As nobody: a charge point needs no privilege.
runuser -u nobody -- charge-point-simulator run --url ws://127.0.0.1:33033/ocpp --count 1 --idle >simulator.log 2>&1 &
simulator=$!
wait "$subscriber" || fail "no message: $(<simulator.log)"
grep -q BootNotification message || fail "not a BootNotification: $(<message)"
took=$((($(date +%s%N) - begin) / 1000000))
echo "until a charge point's first message: $took ms"
((took < 30000)) || fail "that took more than 30 s"
echo "memory: $(awk '/VmRSS/ {print $2, $3}' "/proc/$(process)/status"), shared libraries: $(
    ldd /usr/bin/ocpp-gateway | grep -c '=> /')"
systemd-analyze security --no-pager ocpp-gateway | tail -n 1
[[ $(ps -o user= -p "$(process)") == ocpp-g* ]] || fail "it runs as somebody else"
CONFIG_FILE=$settings ocpp-gateway --check-config || fail "the configuration that came with it"
for program in ocpp-gateway charge-point-simulator; do $program --help >/dev/null || fail "$program --help"; done

before=$(process)
systemctl reload ocpp-gateway || fail "reload"
[[ $(process) == "$before" ]] || fail "a reload is no restart"

# Upgrade, while it runs and a charge point is connected: the new program runs, what the operator has written stays, and
# the charge point comes back.
echo 'log.level: debug' >>"$settings"
chmod 440 "$settings"
touch /var/lib/ocpp-gateway/kept
newer 1
listen message 'ocpp/cp/#'
install_package ./newer1.deb
systemctl is-active --quiet ocpp-gateway || fail "it does not run after an upgrade"
[[ $(process) != "$before" ]] || fail "the old program runs on"
wait "$subscriber" || fail "the charge point does not come back: $(<simulator.log)"
kill "$simulator"
grep -q '^log.level: debug' "$settings" || fail "the operator's change is gone"
! grep -q 'As version 1' "$settings" || fail "the package's configuration is in the place of the operator's"
[[ -e /var/lib/ocpp-gateway/kept ]] || fail "the data is gone"
[[ $(stat -c '%a %U %G' "$settings") == '440 root ocpp-gateway' ]] || fail "the operator's mode is gone"
[[ $(stat -c '%a %U' /var/lib/ocpp-gateway) == '700 ocpp-gateway' ]] || fail "the data is open to others"
chmod 640 "$settings"

# A service that the operator has stopped and disabled stays so.
systemctl disable --quiet --now ocpp-gateway
newer 2
install_package ./newer2.deb
! systemctl is-active --quiet ocpp-gateway || fail "an upgrade starts what was stopped"
! systemctl is-enabled --quiet ocpp-gateway || fail "an upgrade enables what was disabled"
systemctl enable --quiet --now ocpp-gateway || fail "it does not start again"

apt-get remove -y -qq ocpp-gateway >apt.log 2>&1 || fail "apt remove: $(<apt.log)"
! systemctl is-active --quiet ocpp-gateway || fail "it runs on after its removal"
[[ -e $settings && -e /var/lib/ocpp-gateway/kept ]] || fail "a removal takes configuration or data"
install_package ./newer2.deb
systemctl is-active --quiet ocpp-gateway || fail "it does not run after it was installed again"

apt-get purge -y -qq ocpp-gateway >apt.log 2>&1 || fail "apt purge: $(<apt.log)"
for left in /etc/ocpp-gateway /etc/default/ocpp-gateway /var/lib/ocpp-gateway /usr/lib/ocpp-gateway \
    /etc/systemd/system/multi-user.target.wants/ocpp-gateway.service; do
    [[ ! -e $left && ! -L $left ]] || fail "$left is left behind"
done
! getent passwd ocpp-gateway >/dev/null || fail "its user is left behind"
echo "installed, used, upgraded, removed and purged"
