#!/bin/bash
# enter.sh: runs one command inside the lab, where it cannot harm this machine.
#
# The lab consists of namespaces (user, network, mount, process, IPC), so an ordinary user can enter it, real daemons
# run in it on their usual ports and paths, none of them can set the clock, and when the command ends the kernel kills
# whatever it left behind. Inside:
#   - we are root in the lab; /run, /var and /dev are new and empty (no /dev/log, no bus)
#   - /etc is writable; root's home is /run/lab/home; the users "labuser" (1000) and "systemd-timesync" (the same as
#     root) exist
#   - the loopback is the only interface; all of 127.0.0.0/8 and ::1 can be used
#   - $LAB_DIR (/run/lab) is the tests' own folder; the unpacked programs (busctl, timedatectl,
#     systemd-analyze, journalctl, crontab, chronyc, dbus-send, busybox, promtool) are in PATH
# The tree of this script and the current folder stay in place.
#
# usage: enter.sh COMMAND [ARGUMENT...]
# Exits with the command's status; 77 if this kernel does not let us make the namespaces, 70 if the lab could not be set
# up.
set -euE

readonly FORBIDDEN=77 CANNOT=70
LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TREE=$(cd "$LAB_SOURCE/../.." && pwd)
LAB_DIR=/run/lab
LAB_ROOT=$LAB_TREE/build/lab/root/check
[ -d "$LAB_ROOT" ] || LAB_ROOT=$LAB_TREE/build/lab/root/demo
readonly LAB_SOURCE LAB_TREE LAB_DIR LAB_ROOT

say() {
  printf 'lab: %s\n' "$*" >&2
}

explain_forbidden() {
  say "this kernel does not let us make a user namespace: $1"
  if [ -e /.dockerenv ] || [ -e /run/.containerenv ]; then
    say 'in a container: start it with --security-opt seccomp=unconfined' \
      '--security-opt apparmor=unconfined'
  elif ischroot 2>/dev/null; then
    say 'in a chroot: no kernel allows it there; try systemd-nspawn, or a container'
  fi
  if [ "$(cat /proc/sys/kernel/unprivileged_userns_clone 2>/dev/null)" = 0 ]; then
    say 'to allow it: sudo sysctl kernel.unprivileged_userns_clone=1'
  fi
  if [ "$(cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns 2>/dev/null)" = 1 ]; then
    say 'to allow it: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'
  fi
  if [ "$(cat /proc/sys/user/max_user_namespaces 2>/dev/null)" = 0 ]; then
    say 'to allow it: sudo sysctl user.max_user_namespaces=10000'
  fi
}

outside() {
  local why
  if ! [ -d "$LAB_ROOT" ] || ! [ -x "$LAB_TREE/build/tests/lab/loopback_up" ]; then
    say "not built yet: needs 'tests/lab/unpack.sh check' and build/tests/lab/loopback_up"
    exit "$CANNOT"
  fi
  # The trial includes mount(8), since some kernels allow the namespace but no capability in it.
  if ! why=$(unshare -Urnmi mount -t tmpfs tmpfs /run 2>&1); then
    explain_forbidden "$why"
    exit "$FORBIDDEN"
  fi
  # The lab's root is a stranger to another user's files, as sudo finds in that user's home.
  if ! unshare -Urn test -r "$LAB_SOURCE/enter.sh"; then
    say "$LAB_TREE lies in a folder that only another user may enter, and in the lab root may not, either:" \
      'run this as that user, or in a clone of your own'
    exit "$CANNOT"
  fi
  # A container may forbid a new /proc. PIDs would not match without it, so the processes then stay in the old
  # namespace, and are killed one by one at the end.
  if unshare -Urnmipf --mount-proc true 2>/dev/null; then
    exec unshare -Urnmipf --mount-proc --kill-child "$BASH" "${BASH_SOURCE[0]}" --inside "$PWD" "$@"
  fi
  exec unshare -Urnmi "$BASH" "${BASH_SOURCE[0]}" --inside "$PWD" "$@"
}

# Mounts a new folder over PATH, and binds what the tree needs from the old one back in.
cover() {
  local new=$1 path=$2
  case $LAB_TREE/ in
    "$path"/*)
      mkdir -p "$new/${LAB_TREE#"$path"/}"
      mount --rbind "$LAB_TREE" "$new/${LAB_TREE#"$path"/}"
      ;;
  esac
  mount --rbind "$new" "$path"
}

# Links to all of the machine's own files, next to the few that are the lab's: copying would be slow, and an ordinary
# user may not read them all.
make_etc() {
  local host=$LAB_DIR/host
  mkdir -p "$LAB_DIR/etc"
  ln -s /bin /lib /opt /proc /run /usr /var "$host" # for relative links in /etc
  ln -s "$host"/etc/* "$LAB_DIR/etc"
  cd "$LAB_DIR/etc"
  rm -rf passwd group shadow gshadow hosts services protocols nsswitch.conf resolv.conf machine-id systemd ntp_monitor.conf \
    cron.allow cron.deny
  mkdir -p systemd/timesyncd.conf.d
  printf '%s\n' root:x:0:0:root:$LAB_DIR/home:/bin/sh systemd-timesync:x:0:0::/:/bin/false \
    labuser:x:1000:1000::$LAB_DIR/user:/bin/sh nobody:x:65534:65534::/nonexistent:/bin/false >passwd
  printf '%s\n' root:x:0: systemd-timesync:x:0: crontab:x:0: adm:x:0: labuser:x:1000: \
    nogroup:x:65534: >group
  printf '%s\n' root:*:20000:::::: labuser:*:20000:::::: >shadow # cron's PAM checks whether root's account has expired
  printf '%s\n' '127.0.0.1 localhost' '::1 localhost' "127.0.1.1 $(uname -n)" >hosts
  # A minimal machine has no netbase, without which ntpd and ntpq do not know their port.
  printf '%s\n' 'domain 53/udp' 'ntp 123/udp' 'ntp 123/tcp' 'syslog 514/udp' 'nrpe 5666/tcp' >services
  printf '%s\n' 'icmp 1 ICMP' 'tcp 6 TCP' 'udp 17 UDP' 'ipv6-icmp 58 IPv6-ICMP' >protocols
  printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >nsswitch.conf
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:1 attempts:1' >resolv.conf
  printf '%s\n' 0123456789abcdef0123456789abcdef >machine-id
  mount --rbind "$LAB_DIR/etc" /etc
}

make_dev() {
  local node new=$LAB_DIR/dev
  mkdir -p "$new/pts" "$new/shm"
  for node in null zero full random urandom tty fuse; do
    [ -e "/dev/$node" ] || continue # fuse is missing on some machines, and mostly root's
    : >"$new/$node"
    mount --bind "/dev/$node" "$new/$node"
  done
  ln -s /proc/self/fd "$new/fd"
  ln -s /proc/self/fd/0 "$new/stdin"
  ln -s /proc/self/fd/1 "$new/stdout"
  ln -s /proc/self/fd/2 "$new/stderr"
  ln -s pts/ptmx "$new/ptmx"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$new/pts"
  mount --rbind "$new" /dev
}

# The unpacked programs find their own libraries; the program under test uses the machine's.
make_bin() {
  local name file libraries
  libraries=$(find "$LAB_ROOT" -name '*.so*' -path '*/lib/*' ! -path '*/security/*' -printf '%h\n' |
    sort -u | paste -sd:)
  mkdir -p "$LAB_DIR/bin"
  for name in busctl timedatectl systemd-analyze journalctl crontab chronyc chronyd dbus-send \
    dbus-daemon systemd-timesyncd systemd-journald rsyslogd busybox ntpd ptp4l pmc ip \
    prometheus promtool prometheus-node-exporter influxd systemd-socket-activate inetd cron nagios4 nrpe check_nrpe icinga2 \
    logrotate; do
    for file in "$LAB_ROOT"/{usr/bin,bin,usr/sbin,lib/systemd,usr/lib/systemd}/"$name" \
      "$LAB_ROOT"/usr/lib/{nagios/plugins,*/icinga2/sbin}/"$name"; do
      [ -x "$file" ] || continue
      printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$libraries" "$file" \
        >"$LAB_DIR/bin/$name"
      chmod +x "$LAB_DIR/bin/$name"
    done
  done
  # Python programs use the unpacked Python, since the machine may have another version or none.
  for name in ntpq ntpdig; do
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%q PYTHONHOME=%q PYTHONDONTWRITEBYTECODE=1 exec %q %q "$@"\n' "$libraries" \
      "$LAB_ROOT/usr" "$LAB_ROOT/usr/bin/python3" "$LAB_ROOT/usr/bin/$name" >"$LAB_DIR/bin/$name"
    chmod +x "$LAB_DIR/bin/$name"
  done
}

set_up() {
  local stage=/mnt etc=/etc
  umask 022
  # Built at a path that every Debian has, so that nothing stays behind on the machine.
  case $LAB_TREE/ in /mnt/*) stage=/media ;; esac
  mount -t tmpfs -o mode=0755 tmpfs "$stage"
  # The machine's own /etc, even from inside another lab, whose links would lead into ours.
  mkdir -p "$stage$LAB_DIR/host/etc"
  if [ -d $LAB_DIR/host/etc ]; then etc=$LAB_DIR/host/etc; fi
  mount --rbind "$etc" "$stage$LAB_DIR/host/etc"
  cover "$stage/run" /run
  umount -l "$stage"
  cd /
  mkdir -p $LAB_DIR/{home,user,tmp,log,pids}
  mkdir -p $LAB_DIR/var/{lib/systemd/timesync,log,cache,tmp,spool/cron/crontabs}
  mkdir -p /run/systemd/{system,timesync} # timedatectl checks for the first, a unit makes the second
  ln -s /run $LAB_DIR/var/run
  cover $LAB_DIR/var /var
  make_etc
  make_dev
  make_bin
  chmod 1777 $LAB_DIR/tmp
  mkfifo $LAB_DIR/never
  "$LAB_TREE/build/tests/lab/loopback_up"
  unset DBUS_SESSION_BUS_ADDRESS DBUS_SYSTEM_BUS_ADDRESS XDG_RUNTIME_DIR NOTIFY_SOCKET
  unset JOURNAL_STREAM
  export LAB_SOURCE LAB_TREE LAB_DIR LAB_ROOT HOME=$LAB_DIR/home TMPDIR=$LAB_DIR/tmp
  export PATH=$LAB_DIR/bin:$PATH LC_ALL=C.UTF-8
}

inside() {
  local folder=$1
  shift
  trap 'say "cannot set up the lab: $BASH_COMMAND"; exit "$CANNOT"' ERR
  set_up
  cd "$folder"
  trap - ERR
  trap 'cat $LAB_DIR/pids/* 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true' EXIT
  set +e
  "$@"
}

if [ "${1-}" = --inside ]; then
  shift
  inside "$@"
elif [ $# -gt 0 ]; then
  outside "$@"
else
  say 'usage: enter.sh COMMAND [ARGUMENT...]'
  exit "$CANNOT"
fi
