# remote.bats: timesyncd on another machine (-H, a real ssh client and server) and in a container (-M, a process in a
# mount namespace of its own): the reading is the far one's, ssh's words are quoted and go nowhere else, and whatever
# hangs on the way, the run ends at its deadline.
#
# The near side does not know the far bus's socket, so a reading can only arrive the long way.

# shellcheck disable=SC2016,SC2034,SC2154 # other shells' $; time.bash's AS, and what it sets

setup() {
  load time
  far=$LAB_FAR
  # timesyncd asks again whenever something appears in /run/systemd.
  mkdir -p "$far/bin" ~/.ssh /run/systemd/machines
  AS=from_here
  PATH=$far/bin:$PATH # not in fake_ssh, which may run at the end of a pipe
}

teardown() {
  local file
  lab_logs_on_failure
  for file in "$far"/*.pid; do
    [ ! -e "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null || true
  done
  lab_stop_all
  rm -rf "$LAB_DIR"/log/* "$far" ~/.ssh /run/systemd/machines
}

from_here() {
  env -u DBUS_SYSTEM_BUS_ADDRESS "$@"
}

far_bus() {
  lab_bus_start -s "$far/dbus/system_bus_socket"
}

far_service() {
  far_bus && lab_ntp_start '*=+5ms' '127.0.9.9=+31ms,delay=3ms,stratum=3' && lab_timesyncd_start &&
    lab_replies 8 && lab_replies 9 127.0.9.9
}

# --- a far machine -----------------------------------------------------------------

# Installs an ssh of our own, from stdin.
fake_ssh() {
  cat >"$far/bin/ssh"
  chmod +x "$far/bin/ssh"
}

@test "-H: the far machine's reading arrives over a real ssh" {
  far_service
  lab_far_start
  for arguments in '-H far' '-H labuser@far -s timesyncd' '--host=far -s auto'; do
    # shellcheck disable=SC2086 # several arguments
    check $arguments
    verdict 0 ok 'server: 127\.0\.9\.9, source: timesyncd, host: far$'
    [ "$(jq -r .host "$OUT")" = far ]
    server_is '[.address, .stratum, .replies, (.jitter_s * 1e6 | round)]' \
      "[\"127.0.9.9\",3,9,$(property NTPMessage | jq '.[14]')]"
    server_is '.offset_s > 0.03 and .age_s < 60' true
  done
  check -s timesyncd # no timesyncd here
  verdict 3 no-bus
  # ssh printed the banner, but not on our stderr.
  [ "$(grep -c '^Accepted publickey for labuser' "$LAB_DIR/log/sshd")" = 3 ]
  ssh far true 2>&1 | grep -q 'this machine is watched'
}

@test "-H: this machine's bus address does not apply" {
  far_service
  lab_far_start
  printf '#!/bin/sh\n: >"$0.ran"\n' >"$far/evil"
  chmod +x "$far/evil"
  AS=
  DBUS_SYSTEM_BUS_ADDRESS=unixexec:path=$far/evil check -H far
  verdict 0 ok
  [ ! -e "$far/evil.ran" ] || fail 'executed'
}

@test "-H: the far clock may be up to a minute behind ours" {
  far_bus
  lab_far_start
  lab_fake_start age=-55s
  check -H far
  verdict 0 ok
  lab_stop fake
  lab_fake_start age=-65s
  check -H far
  verdict 1 stale ' 1min 4s .*future'
}

@test "-H: a far timesyncd that is stopped or does not answer" {
  far_bus
  lab_far_start
  touch -d '-1 day' /run/systemd/timesync/synchronized # this machine's file says nothing about the far one
  check -H far
  verdict 3 no-service '[^)]; .*systemctl start systemd-timesyncd' # and no time of the last synchronisation
  rm /run/systemd/timesync/synchronized
  lab_fake_start swallow
  check -H far -t 2
  in_time 3
  verdict 3 timeout ' 1\.[0-9]s.*systemctl status systemd-timesyncd'
}

@test "-H: a far bus that is missing or does not answer" {
  far_bus
  lab_far_start
  lab_freeze bus
  check -H far -t 2
  in_time 3
  verdict 3 timeout 'system bus of far .* 1\.[0-9]s'
  lab_kill bus
  check -H far
  verdict 3 no-bus 'system bus of far .*ssh far true' "'.+'"
}

@test "-H: a far machine without systemd-stdio-bridge" {
  far_bus
  lab_far_start 'ForceCommand exec systemd-stdio-bridge-of-another-name'
  check -H far
  verdict 3 no-bus "'.*systemd-stdio-bridge-of-another-name: not found.*'; .*ssh far true"
}

descendants() {
  local child children
  read -ra children <"/proc/$1/task/$1/children" || true
  for child in "${children[@]}"; do
    echo "$child"
    descendants "$child"
  done
}

kill_descendants() {
  # shellcheck disable=SC2046 # several
  kill -KILL $(descendants "$1")
}

@test "-H: a connection lost during the call" {
  far_bus
  lab_far_start
  lab_fake_start swallow
  once_asked kill_descendants "$(lab_pid sshd)"
  check -H far
  in_time 6
  verdict 3 no-bus 'system bus of far .*ssh far true'
}

@test "-H: ssh's words are the reason, and appear once" {
  far_bus
  lab_far_start
  lab_far_known closed 2223
  check -H closed
  verdict 3 no-bus "'ssh: connect to host 127\.0\.0\.1 port 2223: Connection refused'; .*ssh closed true"
  check -H no.such.example
  in_time 10
  verdict 3 no-bus "'ssh: Could not resolve hostname no\.such\.example: .*'; "
  : >"$far/authorized_keys"
  check -H far
  verdict 3 no-bus "'.*Permission denied \(publickey"
}

@test "-H: on a terminal ssh asks for no password, and the terminal keeps its settings" {
  far_bus
  lab_far_start
  : >"$far/authorized_keys" # leaves only the password
  # stty after the run: an ssh killed at its prompt would leave the terminal without echo.
  run timeout 20 script -qec "env -u DBUS_SYSTEM_BUS_ADDRESS $PROG -H far -t 8 -l none; stty -a" /dev/null
  [[ $output == *"Permission denied"* ]] || fail "$output"
  [[ $output != *"'s password:"* ]] || fail "it asks: $output"
  [[ $output == *" echo "* && $output != *-echo\ * ]] || fail "no echo: $output"
}

@test "-H: an unknown host key" {
  far_bus
  lab_far_start
  sed -i 's/^StrictHostKeyChecking no$/StrictHostKeyChecking yes/' ~/.ssh/config
  check -H far
  verdict 3 no-bus "'(.*; )?Host key verification failed\.'"
}

@test "-H: a machine that accepts the connection and stays silent" {
  far_bus
  lab_far_start
  lab_freeze sshd
  check -H far -t 1
  in_time 2
  verdict 3 timeout 'system bus of far .* [0-9.]+m?s; '
}

# ended PID: the process is gone.
ended() {
  ! kill -0 "$1" 2>/dev/null
}

@test "-H: an ssh that hangs and ignores SIGTERM is killed" {
  fake_ssh <<END
#!/bin/sh
trap '' TERM HUP INT PIPE
echo \$\$ >$far/ssh.pid
echo 'trying, and trying' >&2
exec sleep 60
END
  check -H far -t 1
  in_time 2
  verdict 3 timeout " [0-9.]+m?s.* 'trying, and trying'; "
  lab_until 2 ended "$(cat "$far/ssh.pid")"
}

@test "-H: a child inherited from the shell is not mistaken for ssh, and survives" {
  printf '#!/bin/sh\nexec sleep 60\n' | fake_ssh
  # shellcheck disable=SC2016 # the inner shell's $
  run sh -c 'sleep 60 >/dev/null 2>&1 3>&- & echo $! >"$1"; exec "$0" -H far -t 1 -l none' "$PROG" "$far/child.pid"
  [ "$status" = 3 ]
  grep -q '^State:.*sleeping' "/proc/$(cat "$far/child.pid")/status"
  kill "$(cat "$far/child.pid")"
}

@test "-H: an ssh that sends anything but D-Bus" {
  while read -r command; do
    printf '#!/bin/sh\necho $$ >%s/ssh.pid\n%s\n' "$far" "$command" | fake_ssh
    check -H far -t 1
    in_time 2 || row "$command"
    verdict 3 "$(jq -r .reason "$OUT")" 'system bus of far ' || row "$command"
    jq -e '.reason | test("^(no-bus|timeout|denied)$")' "$OUT" || row "$command"
    harmless "$OUT" "$ERR"
    [ "$(wc -c <"$ERR")" -lt 1200 ] || fail 'the line is not bounded'
    kill -KILL "$(cat "$far/ssh.pid")" 2>/dev/null || true
  done <<'ROWS'
exec yes
exec yes >&2
exec head -c 100000 /dev/zero
exec head -c 100000 /dev/urandom >&2
printf 'a\nb\r\n\033[2J\302\233\342\200\256\377\n' >&2
exec <&- >&-; exec sleep 60
echo OK 0123456789abcdef0123456789abcdef; exec sleep 60
kill -KILL $$
exit 0
ROWS
}

@test "-H: no ssh installed" {
  AS=without_ssh
  check -H far
  in_time 2
  verdict 3 no-bus 'system bus of far .*; .*ssh .*ssh far true'
}

without_ssh() {
  env -u DBUS_SYSTEM_BUS_ADDRESS PATH="$far/bin" "$@"
}

@test "-H: a host that looks like an ssh option is refused, and nothing runs" {
  far_bus
  lab_far_start
  for host in "-oProxyCommand=touch $far/ran" "-oProxyCommand=touch\${IFS}$far/ran" \
    "-F/dev/null" '' 'far away'; do
    run_program -H "$host" -l stderr
    [ "$status" = 3 ] || fail "$host"
    grep -q "^ntp_monitor: ERROR usage: --host: '.*' " "$ERR" || fail "$host"
  done
  [ ! -e "$far/ran" ] || fail 'it ran'
}

# --- a container ---------------------------------------------------------------------

# container [LEADER]: registers a container as systemd-machined would; its default leader is a process that sees the
# far bus at the standard path.
container() {
  mkdir -p /run/dbus
  if [ $# = 0 ]; then
    lab_spawn box unshare -m sh -c \
      'mount --bind "$0" /run/dbus && echo ready && exec sleep 100' "$far/dbus" &&
      lab_ready box 5 grep -qs ready "$LAB_DIR/log/box" || return
  fi
  printf '%s\n' NAME=box CLASS=container "LEADER=${1-$(lab_pid box)}" >/run/systemd/machines/box
}

@test "-H: another machine's reading does not replace this machine's files, and metrics name its host" {
  far_service
  lab_far_start
  printf '%s\n' '[output]' "json = $LAB_DIR/report" >"$BATS_TEST_TMPDIR/conf"
  run -0 from_here "$PROG" -C "$BATS_TEST_TMPDIR/conf" -l none -H labuser@far -o prometheus -o "influx=$LAB_DIR/lines"
  [ ! -e "$LAB_DIR/report" ]
  run ! grep -v -e '^#' -e '^ntp_monitor_[a-z_]*{host="far"[,}]' <<<"$output"
  grep -q '^ntp_monitor,host=far,' "$LAB_DIR/lines"
  rm "$LAB_DIR/lines"
}

@test "-M: the container's reading arrives through its namespaces" {
  far_service
  container
  for arguments in '-M box' '--machine=box -s timesyncd'; do
    # shellcheck disable=SC2086 # several arguments
    check $arguments
    verdict 0 ok 'server: 127\.0\.9\.9, source: timesyncd, host: box$'
    server_is '[.address, .stratum, .replies, (.jitter_s * 1e6 | round)]' \
      "[\"127.0.9.9\",3,9,$(property NTPMessage | jq '.[14]')]"
  done
  check -s timesyncd # no timesyncd here
  verdict 3 no-bus
  # It shares our clock.
  lab_stop timesyncd
  lab_fake_start age=-5s
  check -M box
  verdict 1 stale future
}

@test "-M: a container that is missing or cannot be entered" {
  check -M box
  in_time 1
  verdict 3 no-bus 'container box' 'machinectl list'
  far_bus
  lab_fake_start
  container
  AS=lab_as_user
  check -M box
  verdict 3 denied 'container box: Permission denied; .*root'
  AS=from_here
  lab_kill box
  check -M box
  in_time 1
  verdict 3 no-bus 'container box'
  container $$ # a process without such a bus
  check -M box
  verdict 3 no-bus 'container box: No such file or directory'
}

@test "-M: a bus or timesyncd in the container that does not answer" {
  far_bus
  container
  touch /run/systemd/timesync/synchronized # this machine's file says nothing about the container
  check -M box
  verdict 3 no-service '[^)]; .*systemctl start systemd-timesyncd' # and no time of the last synchronisation
  rm /run/systemd/timesync/synchronized
  lab_fake_start swallow
  check -M box -t 1
  in_time 2
  verdict 3 timeout ' [0-9.]+m?s.*systemctl status systemd-timesyncd'
  lab_freeze bus
  check -M box -t 1
  in_time 2
  verdict 3 timeout 'system bus of .*container box .* [0-9.]+m?s; '
}

# For USER@CONTAINER, which systemd's own tools accept, libsystemd would start systemd-run.
@test "-M: no name makes it start a program" {
  printf '#!/bin/sh\necho "$0" >>%s/ran\necho noise >&2\n' "$far" >"$far/bin/systemd-run"
  chmod +x "$far/bin/systemd-run"
  PATH=$far/bin:$PATH
  for name in root@box @box box@ ../box box/.. .host; do
    check -M "$name" -t 1
    [ "$status" = 3 ] || fail "$name"
    [ "$(wc -l <"$ERR")" = 1 ] || fail "$name: more than one line on stderr"
    [ ! -e "$far/ran" ] || fail "$name: systemd-run was started"
  done
}
