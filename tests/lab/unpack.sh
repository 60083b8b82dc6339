#!/bin/sh
# unpack.sh: fetches what the lab runs and this machine must not have installed: a time daemon, log daemons, the
# programs that the tests compare with.
#
# Debian's packages of these exclude each other and start services, so they are downloaded and unpacked in the build
# folder, never installed. Nothing outside it changes, except that root fetches an empty package list (apt-get update).
#
# usage: unpack.sh demo|check     prints the folder of the unpacked tree
#   demo   a message bus and systemd-timesyncd
#   check  these and the log daemons, timedatectl, busctl, chrony, ntpd, ptp4l, crontab, check_ntp_time,
#          readers of metrics: prometheus, node_exporter, influxd (29 MB to download, 125 MB unpacked),
#          and readers of contrib's files: nagios4, nrpe, icinga2, logrotate ...
set -eu

readonly DEMO='systemd-timesyncd libsystemd-shared dbus-daemon dbus-bin'
readonly DAEMONS='chrony ntpsec linuxptp iproute2 rsyslog busybox cron openssh-server'
readonly ORACLES='systemd monitoring-plugins-basic ntpsec-ntpdig python3-ntp python3-minimal'
readonly MONITORS='prometheus prometheus-node-exporter influxdb openbsd-inetd'
readonly CONTRIB='nagios4-core nagios-nrpe-server nagios-nrpe-plugin icinga2-bin icinga2-common logrotate'
readonly CHECK="$DEMO $DAEMONS $ORACLES $MONITORS $CONTRIB"
readonly SPLIT='promtool' # separate packages only since Debian 13
# Both need the same version: the one opens a library that only the other has.
readonly SAME_VERSION='libsystemd-shared systemd'
# The C library must match the dynamic loader, which is the machine's own.
readonly NEVER='libc6 libc-bin libgcc-s1 libpam-runtime libpam-modules'

say() {
  printf 'unpack.sh: %s\n' "$*" >&2
}

die() {
  say "$*"
  exit 1
}

# Downloads as root: apt's own download user cannot read our package files, and apt would warn.
apt_get() {
  LC_ALL=C apt-get -qq -o APT::Sandbox::User=root "$@"
}

packages_of() {
  case $1 in
    demo) echo "$DEMO" ;;
    check) echo "$CHECK" ;;
  esac
}

# Packages whose names depend on the release: the Python that python3-ntp was built for, whatever the machine has, and
# what was split from another package.
packages_of_release() {
  [ "$1" = check ] || return 0
  python=$(LC_ALL=C apt-cache depends python3-minimal | sed -n 's/.*Depends: \(python3\.[0-9]*\)-minimal$/\1/p')
  for package in "${python:-python3}-minimal" "lib$python-minimal" "lib$python-stdlib" $SPLIT; do
    ! apt-cache madison "$package" 2>/dev/null | grep -q . || echo "$package"
  done
}

# Prints the folders with libraries in an unpacked tree, joined by colons, for any architecture.
library_path() {
  find "$1" -name '*.so*' -path '*/lib/*' ! -path '*/security/*' -printf '%h\n' |
    sort -u | paste -sd:
}

# True if every program in the tree finds all its libraries.
runs_here() {
  path=$(library_path "$1")
  for program in usr/bin/dbus-daemon usr/bin/dbus-send lib/systemd/systemd-timesyncd \
    lib/systemd/systemd-journald usr/bin/busctl usr/bin/timedatectl usr/bin/systemd-analyze \
    usr/bin/journalctl usr/sbin/rsyslogd usr/bin/crontab usr/sbin/chronyd usr/bin/chronyc usr/sbin/sshd \
    usr/lib/nagios/plugins/check_ntp_time usr/sbin/ntpd usr/sbin/ptp4l usr/sbin/pmc usr/bin/python3 \
    usr/bin/prometheus usr/bin/promtool usr/bin/prometheus-node-exporter usr/bin/influxd usr/sbin/inetd usr/sbin/nagios4 \
    usr/sbin/nrpe usr/lib/nagios/plugins/check_nrpe usr/lib/*/icinga2/sbin/icinga2 usr/sbin/logrotate; do
    for file in "$1"/$program "$1"/usr/$program; do # icinga2's path is a pattern
      [ -e "$file" ] || continue
      missing=$(LD_LIBRARY_PATH=$path ldd "$file" 2>&1 | grep 'not found' || true)
      if [ -n "$missing" ]; then
        printf '%s: %s\n' "$program" "$missing"
        return 1
      fi
    done
  done
}

# True if the tree $1 has all packages in the list $2. The libraries were checked when it was made, and are checked
# again only after the machine's own have changed, which updates ldconfig's cache.
is_complete() {
  [ -f "$1/versions" ] || return
  read -r has <"$1/versions"
  for package in $2; do
    case "$has " in *" $package "*) ;; *) return 1 ;; esac
  done
  # shellcheck disable=SC3013 # where a shell has no -nt, they are looked for each time
  [ "$1/versions" -nt /etc/ld.so.cache ] && return
  runs_here "$1" >/dev/null && { touch "$1/versions" 2>/dev/null || true; }
}

have_lists() {
  apt-cache madison systemd-timesyncd 2>/dev/null | grep -q .
}

update_lists() {
  [ "$(id -u)" = 0 ] || return 1
  say 'bringing the package lists up to date: apt-get update'
  LC_ALL=C apt-get -qq update >&2
}

# Prints the libraries that the packages "$@" need, and those that these need in turn.
libraries_of() {
  wanted=$*
  known=
  while [ "$wanted" != "$known" ]; do
    known=$wanted
    # shellcheck disable=SC2086
    wanted=$(
      {
        printf '%s\n' $known
        LC_ALL=C apt-cache depends -q --no-recommends --no-suggests --no-conflicts --no-breaks \
          --no-replaces --no-enhances $known |
          awk '/^    / && virtual { print $1 } /Depends: / { print $NF; virtual = / </ }' | # or the provider
          grep -E '^(lib|zlib1g)[^:]*$' | grep -v '^libjs-' # for web pages that nobody looks at
      } | sort -u | grep -vxF "$(printf '%s\n' $NEVER)"
    )
  done
  printf '%s\n' "$wanted"
}

# Prints NAME CANDIDATE AVAILABLE INSTALLED for each package ("-" for none): the version apt would take, the same or
# else the newest that can be downloaded, and the installed one.
versions_of() {
  {
    LC_ALL=C apt-cache policy "$@" |
      sed -n 's/^\([^ :]*\):$/policy \1/p; s/^  Candidate: /candidate /p'
    apt-cache madison "$@" | sed 's/|/ /g; s/^/madison /'
    dpkg-query -W -f 'installed ${Package} ${Version} ${Status}\n' "$@" 2>/dev/null || true
  } | awk '
    $1 == "policy" { name = $2; names[name] = 1 }
    $1 == "candidate" && $2 != "(none)" { candidate[name] = $2 }
    $1 == "madison" && !($2 in newest) { newest[$2] = $3 }
    $1 == "madison" && $3 == candidate[$2] { available[$2] = $3 }
    $1 == "installed" && $6 == "installed" { installed[$2] = $3 }
    function or_none(text) { return text == "" ? "-" : text }
    END {
      for (name in names) {
        if (!(name in available)) { available[name] = newest[name] }
        print name, or_none(candidate[name]), or_none(available[name]), or_none(installed[name])
      }
    }'
}

# Prints NAME=VERSION of everything to download for the packages "$@": always the packages themselves, but no library
# already installed in the version apt would take.
choose() {
  # shellcheck disable=SC2046
  versions_of $(libraries_of "$@") >"$work/known"
  awk -v wanted=" $* " -v same=" $SAME_VERSION " '
    $1 == "systemd-timesyncd" { version = $3 }
    { line[$1] = $3; asked[$1] = index(wanted, " " $1 " ") }
    !asked[$1] && ($2 == $4 || $3 == "-") { delete line[$1] }
    END {
      for (name in line) {
        print name "=" (asked[name] && index(same, " " name " ") ? version : line[name])
      }
    }' "$work/known" | sort
}

fetch() {
  chosen=$(choose "$@")
  for package in "$@"; do
    case $chosen in
      *"$package="[!-]*) ;;
      *) say "apt knows no package $package" && return 1 ;;
    esac
  done
  say "downloading $(echo "$chosen" | wc -l) Debian packages into $lab"
  # shellcheck disable=SC2086
  (cd "$work" && apt_get download $chosen) >&2
}

build() {
  have_lists || update_lists || die 'the package lists are empty; run: sudo apt-get update'
  # shellcheck disable=SC2046
  set -- $(packages_of "$1") $(packages_of_release "$1")
  if ! fetch "$@"; then
    rm -f "$work"/*.deb
    update_lists || die 'a download failed; check the network, or run: sudo apt-get update'
    fetch "$@" || die 'a download failed; check the network'
  fi
  mkdir "$work/tree"
  for file in "$work"/*.deb; do
    dpkg-deb -x "$file" "$work/tree" || die "cannot unpack $file"
  done
  rm -rf "$work/tree/usr/share/doc" "$work/tree/usr/share/man" "$work/tree/usr/share/locale"
  runs_here "$work/tree" >&2 || die 'the libraries above are missing'
  {
    echo "packages: $*"
    for file in "$work"/*.deb; do
      basename "$file" .deb
    done
  } >"$work/tree/versions"
}

if [ $# != 1 ] || [ -z "$(packages_of "$1")" ]; then
  die 'usage: unpack.sh demo|check'
fi
lab=$(cd "$(dirname "$0")/../.." && pwd)/build/lab
for candidate in check "$1"; do
  if is_complete "$lab/root/$candidate" "$(packages_of "$candidate")"; then
    echo "$lab/root/$candidate"
    exit 0
  fi
done
for program in apt-get apt-cache dpkg-deb; do
  command -v "$program" >/dev/null ||
    die "no $program here: the lab is made of Debian packages, and needs Debian 12 or its like"
done
mkdir -p "$lab/root" || die "cannot write to $lab"
# A second run waits for the first, and then finds the work done.
exec 9>"$lab/lock"
flock -w 900 9 || die "another unpack.sh holds $lab/lock"
work=$(mktemp -d "$lab/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if ! is_complete "$lab/root/$1" "$(packages_of "$1")"; then
  build "$1"
  [ ! -e "$lab/root/$1" ] || mv "$lab/root/$1" "$work/old"
  mv "$work/tree" "$lab/root/$1"
fi
echo "$lab/root/$1"
