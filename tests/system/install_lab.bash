# A machine for install_config.sh: its own /etc, crontab spool, homes and PATH,
# bound over the real ones in a mount namespace per command. Runs as the
# (namespace) root that unshare -Urnm makes. The script can run only the tools
# linked into $tools, so an undeclared need shows at once.
# shellcheck shell=bash disable=SC2016,SC2034 # other shells' $; the tests' names

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

lab_program() { # prints the first of the given files that can be run
  local file
  for file; do
    if [ -x "$file" ]; then
      echo "$file"
      return
    fi
  done
  fail "none of these is there: $*; make check unpacks them"
}

lab_setup() {
  T=$BATS_TEST_TMPDIR
  tree="$T/a tree"
  script=$tree/install_config.sh
  example=$tree/ntp_monitor.conf.example
  program=$tree/build/ntp_monitor
  home="$T/alice's home"
  root_home="$T/root home"
  conf=$home/.ntp_monitor.conf
  root_conf=$root_home/.ntp_monitor.conf
  etc_conf=$T/etc/ntp_monitor.conf
  tables=$T/spool/cron/crontabs
  tools=$T/tools
  if [ "$(id -u)" != 0 ]; then
    fail "not root: run this by make check, or under unshare -Urnm"
    return
  fi
  : "${TOP:?is the top of the repository}"
  : "${LAB_ROOT:=$TOP/build/lab/root}"
  umask 022
  mkdir -p "$tree/build" "$home" "$root_home" "$T/etc" "$tables" "$tools"
  cp "$TOP/install_config.sh" "$TOP/ntp_monitor.conf.example" "$tree/"
  printf '#!/bin/sh\necho "$0" >>"$HOME/ran"\n' >"$program"
  chmod 755 "$program"
  printf '%s\n' "root:x:0:0:root:$root_home:/bin/sh" \
    "alice:x:1000:1000:Alice,,,:$home:/bin/sh" >"$T/etc/passwd"
  printf '%s\n' 'root:x:0:' 'alice:x:1000:' >"$T/etc/group"
  printf '%s\n' 'passwd: files' 'group: files' >"$T/etc/nsswitch.conf"
  link_tools sh cat cmp cut find getent grep id readlink rm sed
  local crontab
  crontab=$(lab_program "$LAB_ROOT/usr/bin/crontab") || return
  ln -s "$crontab" "$tools/crontab"
}

link_tools() {
  local tool
  for tool; do
    ln -sf "$(type -P "$tool")" "$tools/$tool"
  done
}

# Puts standard input as executable $1 in front of the tools.
stub() {
  mkdir -p "$T/stubs"
  cat >"$T/stubs/$1"
  chmod 755 "$T/stubs/$1"
}

# Runs its arguments with our own /etc and /var/spool mounted, after $lab_mount.
# Where the kernel allows it everything but $T is read-only, so that even a
# broken script does no harm.
in_lab() {
  T=$T home=$home lab_mount=${lab_mount-} unshare -m sh -c '
    mount --bind "$T" "$T" && mount --bind "$T/etc" /etc &&
      mount --bind "$T/spool" /var/spool && eval "${lab_mount:-:}" || exit
    mount -o remount,bind,ro / 2>/dev/null
    exec "$@"' lab "$@"
}

# [NAME=VALUE ...] COMMAND ARGUMENT ..., with an otherwise empty environment.
as_root() {
  in_lab env -i "PATH=$T/stubs:$tools" "HOME=$root_home" "$@"
}

as_alice() {
  in_lab unshare --user --map-user=1000 --map-group=1000 \
    env -i PATH="$T/stubs:$tools" HOME="$home" "$@"
}

# As root, called by alice through sudo. Root sees her home as an empty read-only
# folder; only what su starts as her sees the real one. So anything that root did
# there or in her crontab itself would fail or be noticed.
as_sudo() {
  stub su <<'END'
#!/bin/sh
if [ "$1 $2 $3 $5" != '-s /bin/sh -c alice' ]; then
  echo "su: user $5 does not exist" >&2
  exit 1
fi
exec unshare -m /bin/sh -c 'umount "$ALICE" && exec unshare --user \
  --map-user=1000 --map-group=1000 env HOME="$ALICE" /bin/sh -c "$1"' su "$4"
END
  link_tools unshare umount env
  mkdir -p "$T/nothing"
  lab_mount='mount --bind "$T/nothing" "$home" &&
    mount -o remount,bind,ro "$home"' \
    as_root ALICE="$home" SUDO_USER=alice SUDO_UID=1000 SUDO_GID=1000 "$@"
}

# Runs its arguments, sets $output and $stderr, and fails unless the exit status
# is $1.
expect() {
  local wanted=$1
  shift
  run --separate-stderr "$@"
  # shellcheck disable=SC2154
  if [ "$status" != "$wanted" ]; then
    fail "exit status $status instead of $wanted of: $*
$output
$stderr"
  fi
}

# Fails unless $output is exactly these lines.
said() {
  local wanted
  wanted=$(printf '%s\n' "$@")
  [ "$output" = "$wanted" ] || fail "said:
$output
instead of:
$wanted
$stderr"
}

said_only_left() { # each line of $output says what was left alone
  if [ -z "$output" ] || grep -v '^left ' <<<"$output"; then
    fail "did more than leave: $output"
  fi
}

said_nothing_else() {
  [ -z "$stderr" ] || fail "complained: $stderr"
}

complained() { # stderr has this text
  case $stderr in
    *"$1"*) ;;
    *) fail "complained: $stderr; instead of: $1" ;;
  esac
}

same() {
  cmp "$1" "$2" || fail "$(head -n 50 "$1" "$2")"
}

none() { # of these exists, not even as a dangling link
  local file
  for file; do
    if [ -e "$file" ] || [ -L "$file" ]; then
      fail "$file is there"
      return
    fi
  done
}

mode_is() {
  [ "$(stat -c %a "$2")" = "$1" ] || fail "$(stat "$2")"
}

# Fails unless the crontab of user $1 is one header of three lines, then standard
# input byte for byte.
crontab_is() {
  cat >"$T/wanted"
  head -n 1 "$tables/$1" | grep -q '^# DO NOT EDIT' || fail "no header"
  tail -n +4 "$tables/$1" >"$T/got"
  same "$T/got" "$T/wanted"
}

# Installs standard input as the crontab of alice or root, with crontab itself.
set_crontab() {
  "as_$1" crontab -
}

# Prints everything the script could have changed, with times and contents.
snapshot() {
  find "$home" "$root_home" "$T/etc" "$T/spool" "$tree" \
    -printf '%p %y %m %s %T@ %C@ %l\n' | sort
  find "$home" "$root_home" "$T/etc" "$T/spool" "$tree" -type f \
    -exec cksum {} +
}
