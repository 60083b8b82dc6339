#!/bin/bash
# base.sh: a whole Debian of one release in a folder, from which each run of the machine's tests copies its own.
#
# It has systemd, the services of the tests and what `make deps` installs, as a user's machine has. It is made once
# and kept; a run that was cut short goes on with the packages that it had. Nothing outside the folder is changed.
#
# usage: base.sh SUITE FOLDER      bookworm or trixie; makes FOLDER/base
set -eu

readonly SUITE=$1 FOLDER=$2
readonly SERVICES='systemd-sysv systemd-timesyncd libnss-systemd dbus rsyslog logrotate cron
  curl iproute2 procps prometheus-node-exporter nagios-nrpe-server nagios-nrpe-plugin'
# What README tells a user to install by hand, and what make names as left out without it.
readonly BY_HAND='make libcurl4-openssl-dev'
readonly BOUND_S=${BASE_BOUND_S:-600}
TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly TREE

# Where this machine gets its own packages from, if those are Debian's.
mirror() {
  # shellcheck disable=SC2016 # apt's own
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's/^Debian Debian //p' | grep -m 1 . || echo http://deb.debian.org/debian
}

# In a mount namespace: whatever is mounted for it vanishes with it, also after a kill.
in_folder() {
  timeout "$BOUND_S" unshare -m -- "$@"
}

# The base answers for its list of packages: with another one it is made anew.
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
# No service starts where no system runs, and manuals only make each copy larger.
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
