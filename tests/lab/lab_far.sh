#!/bin/bash
# lab_far.sh: part of lab.sh: another machine, as a real sshd run by an ordinary user.
#
#   LAB_FAR                                  its files; LAB_FAR/bin is in its PATH
#   lab_far_program PATH [ARGUMENT...]       installs an unpacked program there, with its libraries, and these
#                                            arguments before all others
#   lab_far_start [LINE...]                  sshd, and its end of a bus; LINEs come first in its configuration (sshd)
#   lab_far_known NAME [PORT]                how our ssh reaches it
LAB_FAR=${LAB_DIR-}/far

lab_far_program() {
  local path=$LAB_ROOT/$1 libraries
  shift
  [ -x "$path" ] || { echo "no $path: tests/lab/unpack.sh check" >&2; return 1; }
  libraries=$(sed -n 's/^LD_LIBRARY_PATH=\([^ ]*\) .*/\1/p' "$LAB_DIR/bin/busctl")
  printf '#!/bin/sh\nexport LD_LIBRARY_PATH=%q\nexec %s "$@"\n' "$libraries" "$(printf '%q ' "$path" "$@")" \
    >"$LAB_FAR/bin/${path##*/}"
  chmod +x "$LAB_FAR/bin/${path##*/}"
}

lab_far_start() {
  mkdir -p "$LAB_FAR/bin" ~/.ssh
  lab_far_program usr/sbin/sshd &&
    lab_far_program usr/bin/systemd-stdio-bridge -p "$DBUS_SYSTEM_BUS_ADDRESS" || return
  ssh-keygen -q -t ed25519 -N '' -f "$LAB_FAR/host_key" && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id
  cp ~/.ssh/id.pub "$LAB_FAR/authorized_keys"
  printf 'this machine is watched\n' >"$LAB_FAR/banner"
  printf '%s\n' "$@" 'Port 2222' 'ListenAddress 127.0.0.1' "HostKey $LAB_FAR/host_key" 'PidFile none' \
    'UsePAM no' 'StrictModes no' "AuthorizedKeysFile $LAB_FAR/authorized_keys" "Banner $LAB_FAR/banner" \
    "SetEnv PATH=$LAB_FAR/bin:/usr/bin:/bin" >"$LAB_FAR/sshd_config"
  lab_far_known far
  lab_spawn sshd unshare --user --map-user=1000 --map-group=1000 \
    "$LAB_FAR/bin/sshd" -D -e -f "$LAB_FAR/sshd_config" &&
    lab_ready sshd 5 grep -qs '^Server listening' "$LAB_DIR/log/sshd"
}

lab_far_known() {
  printf '%s\n' "Host $1" 'HostName 127.0.0.1' "Port ${2-2222}" 'User labuser' 'IdentityFile ~/.ssh/id' \
    'UserKnownHostsFile /dev/null' 'StrictHostKeyChecking no' >>~/.ssh/config
}
