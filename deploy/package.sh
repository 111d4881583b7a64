#!/usr/bin/env bash
# Builds a Debian package of the gateway that needs no Swift where it is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

if [[ ${1-} == --help || ${1-} == -h ]]; then
    cat <<'USAGE'
Usage: ./deploy/package.sh [--no-build] [DIRECTORY]

Builds ocpp-gateway_<version>_<arch>.deb in DIRECTORY (default .build/packages). Swift's runtime is linked in; what the
package needs beside it is found by dpkg-shlibdeps. The version is that of `ocpp-gateway --version`; the maintainer is who
DEBFULLNAME and DEBEMAIL say.

  --no-build  package what was built last
USAGE
    exit 0
fi

build=true
if [[ ${1-} == --no-build ]]; then
    build=false
    shift
fi

need_swift
install_packages "${build_packages[@]}" dpkg-dev fakeroot
out=$(realpath -m "${1-.build/packages}")
stage=.build/package-stage
mkdir -p "$out"

if $build; then build_release ocpp-gateway charge-point-simulator; else find_release; fi
bin=$release_bin

version=$("$bin/ocpp-gateway" --version)
# The commit may stand behind it.
version=${version%% *}
# 0.1.0-dev comes before 0.1.0.
version=${version/-/\~}
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME-ocpp-gateway developers} <${DEBEMAIL-ocpp-gateway@ocpp-gateway.invalid}>"

say "Putting the package together: ocpp-gateway $version, $architecture"
rm -rf "$stage"
root=$stage/root
install -d "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib/ocpp-gateway" "$root/lib/systemd/system" \
    "$root/etc/ocpp-gateway" "$root/etc/default" "$root/usr/share/doc/ocpp-gateway" "$root/usr/share/man/man1" \
    "$root/usr/share/man/man8" "$root/usr/share/lintian/overrides"
for program in ocpp-gateway charge-point-simulator; do
    install -m 755 "$bin/$program" "$root/usr/lib/ocpp-gateway/$program"
    strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/lib/ocpp-gateway/$program"
    ln -s "../lib/ocpp-gateway/$program" "$root/usr/bin/$program"
done
# The schemas are looked for beside the program.
install -d "$root/usr/lib/ocpp-gateway/Schemas"
cp -r Schemas/ocpp* "$root/usr/lib/ocpp-gateway/Schemas/"
find "$root/usr/lib/ocpp-gateway/Schemas" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +

{
    echo "# Settings of ocpp-gateway. Every key is here with its default; take the # away to set one."
    echo "# The environment (/etc/default/ocpp-gateway) goes before this file."
    echo "# See /usr/share/doc/ocpp-gateway/configuration.md, and ocpp-gateway --help-config."
    env -i PATH="$PATH" "$bin/ocpp-gateway" --print-config | sed 's/^/# /; s/^# $/#/'
} >"$root/etc/ocpp-gateway/ocpp-gateway.yaml"
# It will hold passwords.
chmod 640 "$root/etc/ocpp-gateway/ocpp-gateway.yaml"
install -m 640 deploy/debian/ocpp-gateway.default "$root/etc/default/ocpp-gateway"
install -m 644 deploy/debian/ocpp-gateway.service "$root/lib/systemd/system/"
install -m 644 deploy/debian/copyright docs/configuration.md docs/operations.md docs/relay-format.md \
    "$root/usr/share/doc/ocpp-gateway/"
gzip -9n -c docs/CHANGELOG.md >"$root/usr/share/doc/ocpp-gateway/CHANGELOG.md.gz"
gzip -9n >"$root/usr/share/doc/ocpp-gateway/changelog.gz" <<CHANGELOG
ocpp-gateway ($version) unstable; urgency=medium

  * See CHANGELOG.md.gz.

 -- $maintainer  $(git log -1 --format=%cD 2>/dev/null || date -R)
CHANGELOG
gzip -9n -c deploy/debian/ocpp-gateway.8 >"$root/usr/share/man/man8/ocpp-gateway.8.gz"
gzip -9n -c deploy/debian/charge-point-simulator.1 >"$root/usr/share/man/man1/charge-point-simulator.1.gz"
install -m 644 deploy/debian/lintian-overrides "$root/usr/share/lintian/overrides/ocpp-gateway"
for script in postinst prerm postrm; do install -m 755 "deploy/debian/$script" "$root/DEBIAN/$script"; done
printf '%s\n' /etc/ocpp-gateway/ocpp-gateway.yaml /etc/default/ocpp-gateway >"$root/DEBIAN/conffiles"

# dpkg-shlibdeps wants a source package's control file beside it.
mkdir -p "$stage/debian"
printf 'Source: ocpp-gateway\n\nPackage: ocpp-gateway\nArchitecture: any\n' >"$stage/debian/control"
depends=$(cd "$stage" && dpkg-shlibdeps -O --ignore-missing-info \
    root/usr/lib/ocpp-gateway/ocpp-gateway root/usr/lib/ocpp-gateway/charge-point-simulator 2>/dev/null |
    sed -n 's/^shlibs:Depends=//p')
[[ -n $depends ]] || fail "dpkg-shlibdeps found no dependencies"
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/; s/@MAINTAINER@/$maintainer/; s/@ARCHITECTURE@/$architecture/; s/@DEPENDS@/$depends/; s/@SIZE@/$size/" \
    deploy/debian/control.in >"$root/DEBIAN/control"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"

package=$out/ocpp-gateway_${version}_$architecture.deb
fakeroot dpkg-deb --build -Zxz "$root" "$package" >/dev/null
say "Built $package ($(du -h "$package" | cut -f1))"
say "Install it: apt install $package"
