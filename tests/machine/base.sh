#!/bin/bash
# base.sh: a whole Debian of one release in a folder, which each run of the machine tests copies.
#
# It has systemd, the services the tests need and what `make deps` installs, like a user's machine. It is made once and
# kept; an interrupted run continues with the packages it has. Nothing outside the folder changes.
#
# usage: base.sh SUITE FOLDER      bookworm or trixie; makes FOLDER/base
set -eu

readonly SUITE=$1 FOLDER=$2
readonly SERVICES='systemd-sysv systemd-timesyncd libnss-systemd dbus rsyslog logrotate cron
  curl iproute2 procps prometheus-node-exporter nagios-nrpe-server nagios-nrpe-plugin'
# What README tells a user to install by hand, and what make names as omitted without it.
readonly BY_HAND='make libcurl4-openssl-dev'
readonly BOUND_S=${BASE_BOUND_S:-600}
TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly TREE

# This machine's own package mirror, if it is Debian's.
mirror() {
  # shellcheck disable=SC2016 # apt's own
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's/^Debian Debian //p' | grep -m 1 . || echo http://deb.debian.org/debian
}

# A mount namespace: its mounts vanish with it, even after a kill.
in_folder() {
  timeout "$BOUND_S" unshare -m -- "$@"
}

# Makes the base anew when the list of packages has changed.
wanted() {
  printf '%s\n' "$SUITE" "$SERVICES" "$BY_HAND"
  sed -n "/^build=/,/'\$/p" "$TREE/.ci/packages"
}

if [ -e "$FOLDER/packages" ] && [ "$(wanted)" = "$(cat "$FOLDER/packages")" ]; then
  exit 0
fi
echo "making a Debian $SUITE: $FOLDER/base"
rm -rf "$FOLDER/base" "$FOLDER/packages"
mkdir -p "$FOLDER/base" "$FOLDER/archives"
in_folder debootstrap --variant=minbase --cache-dir="$FOLDER/archives" "$SUITE" "$FOLDER/base" "$(mirror)"
cp "$TREE/.ci/packages" "$FOLDER/base/root/packages"
# No service can start where no system runs; manuals would only enlarge every copy.
printf '#!/bin/sh\nexit 101\n' >"$FOLDER/base/usr/sbin/policy-rc.d"
chmod 755 "$FOLDER/base/usr/sbin/policy-rc.d"
printf 'path-exclude=%s\n' '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' >"$FOLDER/base/etc/dpkg/dpkg.cfg.d/lean"
# shellcheck disable=SC2016,SC2086 # the other shell's; lists of words
in_folder sh -c 'mount -t proc proc "$0/proc" && mount --bind "$1" "$0/var/cache/apt/archives" && shift &&
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C &&
  chroot "$0" apt-get -q update && chroot "$0" apt-get -q -y --no-install-recommends install "$@" &&
  chroot "$0" sh /root/packages build' "$FOLDER/base" "$FOLDER/archives" $SERVICES $BY_HAND
rm -rf "$FOLDER/base/usr/sbin/policy-rc.d" "$FOLDER/base/root/packages" "$FOLDER/base"/var/lib/apt/lists/*
wanted >"$FOLDER/packages"
rm -rf "$FOLDER/archives"
