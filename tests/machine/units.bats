#!/usr/bin/env bats
# ntp_monitor on a whole Debian under systemd, installed as README says: what only a real system can show, namely the
# units in their whole sandbox with dbus-daemon and the real timesyncd, timer, socket, cron, journal, rsyslog,
# node_exporter and NRPE. Run by run.sh, which boots the machine. Examples are installed by the commands in their heads.
# shellcheck disable=SC2016,SC2154 # $ is the guest's; cursor is mark's

bats_require_minimum_version 1.5.0

setup_file() {
  . "$TOP/tests/machine/machine.bash"
  export T=$BATS_FILE_TMPDIR
  BOUND_S=900 guest make -C /root/ntp_monitor -j2 deps all build/tests/lab/ntp_server >"$T/made" 2>&1 || fail "$(<"$T/made")"
  guest make -C /root/ntp_monitor install >"$T/installed" 2>&1 || fail "$(<"$T/installed")"
  # The commands that `make install` prints: user and timer.
  guest_sh "$(sed -n 's/^  sudo //p' "$T/installed")" >"$T/enabled" 2>&1 || fail "$(<"$T/enabled")"
  guest systemctl start time-server
  guest systemctl restart systemd-timesyncd # its first attempts came before that
}

setup() {
  . "$TOP/tests/machine/machine.bash"
  EXAMPLES=/usr/local/share/doc/ntp_monitor/examples
  # The timer has its own test, and would disturb the others.
  guest_sh 'rm -rf /etc/ntp_monitor.conf /etc/systemd/system/ntp_monitor*.d /etc/cron.d/ntp_monitor /etc/rsyslog.d/*ntp_monitor*
    systemctl daemon-reload; systemctl stop ntp_monitor.timer
    systemctl reset-failed; systemctl start systemd-timesyncd'
  machine_until 60 has_jitter
  mark
}

# A single reply has no jitter to judge, so a run says "warming up"; timesyncd asks again after 32 s.
has_jitter() {
  guest_sh 'timedatectl show-timesync | grep -qE "^NTPMessage=.*PacketCount=([2-9]|[1-9][0-9])"'
}

# configure LINE...: writes /etc/ntp_monitor.conf.
configure() {
  guest_sh 'printf "%s\n" "$@" >/etc/ntp_monitor.conf' "$@"
}

# drop_in UNIT LINE...: writes a drop-in, as systemctl edit does.
drop_in() {
  local unit=$1
  shift
  guest_sh 'mkdir -p "/etc/systemd/system/$1.d"; unit=$1; shift
    printf "%s\n" "$@" >"/etc/systemd/system/$unit.d/override.conf"; systemctl daemon-reload' "$unit" "$@"
}

# checks STATUS: the service runs once and exits with this status.
checks() {
  guest systemctl start ntp_monitor.service 2>"$BATS_TEST_TMPDIR/start" || [ "$1" != 0 ] ||
    fail "$(<"$BATS_TEST_TMPDIR/start")" "$(journal)" || return
  [ "$(property ntp_monitor ExecMainStatus)" = "$1" ] || fail "$(journal)"
}

@test "machine: runs the requested release, with systemd as PID 1 and the real services" {
  guest grep -qx "VERSION_CODENAME=$MACHINE_SUITE" /etc/os-release
  [ "$(guest cat /proc/1/comm)" = systemd ]
  local service
  for service in dbus systemd-timesyncd rsyslog cron systemd-journald; do
    guest systemctl is-active "$service"
  done
}

@test "install: make deps finds nothing missing, and the build omits nothing" {
  grep -q 'nothing is missing' "$T/made"
  run ! grep -q 'left out' "$T/made"
  [ "$(guest ntp_monitor -V)" = "$(guest ntp-monitor -V)" ]
}

@test "user: static, without a shell, password or files" {
  guest getent passwd ntp_monitor | grep -qE '^ntp_monitor:!?\*?x?:[0-9]{1,3}:[0-9]+:NTP monitor:/:.*/nologin$'
  [ -z "$(guest find / -xdev -user ntp_monitor)" ]
}

@test "units: systemd-analyze verify is clean, and systemd warned of nothing while running them" {
  guest_sh 'systemd-analyze verify --man=no /usr/local/lib/systemd/system/ntp_monitor*' >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(<"$BATS_TEST_TMPDIR/said")"
  [ ! -s "$BATS_TEST_TMPDIR/said" ] || fail "$(<"$BATS_TEST_TMPDIR/said")"
  checks 0
  guest curl -sf http://127.0.0.1:10123/health || true
  # Without cgroup v2 the kernel has no address filter, and systemd says so for every unit that wants one.
  run ! grep -v 'BPF\|firewall' < <(guest journalctl -q -b -o cat -p warning _PID=1 | grep ntp_monitor)
}

@test "units: exposure at most 1.2, according to the systemd that runs them" {
  guest systemctl start ntp_monitor-http.socket
  local unit
  for unit in ntp_monitor.service ntp_monitor-http@1.service; do
    guest systemd-analyze security --threshold=12 --no-pager "$unit" >"$BATS_TEST_TMPDIR/said" || fail "$(tail -n 1 "$BATS_TEST_TMPDIR/said")"
  done
  guest systemctl stop ntp_monitor-http.socket
}

@test "service: reads the real timesyncd inside its whole sandbox, and logs it" {
  checks 0
  [ "$(property ntp_monitor Result User PrivateUsers ProtectHome ProtectSystem | paste -sd' ')" = 'success ntp_monitor yes tmpfs strict' ]
  said 'INFO NTP healthy, .*source: timesyncd' || fail "$(journal)"
  [ "$(entries ntp_monitor | jq -r ._UID)" = "$(guest id -u ntp_monitor)" ]
}

@test "service: a dynamic user is turned away by dbus-daemon, and the log says why" {
  drop_in ntp_monitor.service '[Service]' User=somebody_else DynamicUser=yes
  checks 3
  said 'WARNING NTP .*/etc/passwd.*User=ntp_monitor' || fail "$(journal)"
}

# booted_for SECONDS: systemd has run in the guest for so long.
booted_for() {
  guest_sh '[ $(($(date +%s) - $(date -d "$(systemctl show --value -p UserspaceTimestamp)" +%s))) -ge "$1" ]' "$1"
}

@test "timer: enabled as in README, starts the service on schedule, also after a failure" {
  [ "$(guest systemctl is-enabled ntp_monitor.timer)" = enabled ]
  guest_sh 'systemctl stop ntp_monitor.timer; touch -d "1 hour ago" /var/lib/systemd/timers/stamp-ntp_monitor.timer'
  drop_in ntp_monitor.service '[Service]' ExecStart= 'ExecStart=/usr/local/bin/ntp_monitor -w 1ns'
  guest_sh '! systemctl start ntp_monitor.service; systemctl is-failed ntp_monitor.service'
  guest_sh 'rm -r /etc/systemd/system/ntp_monitor.service.d; systemctl daemon-reload'
  # A missed run is due RandomizedDelaySec (60 s) and AccuracySec (30 s) after boot at the latest; from then on at once.
  machine_until 100 booted_for 90
  mark
  guest systemctl start ntp_monitor.timer
  machine_until 30 said 'INFO NTP healthy' || fail "$(journal)"
  machine_until 10 eval '[ "$(property ntp_monitor Result)" = success ]'
  guest systemctl list-timers --no-pager ntp_monitor.timer | grep -qE '[0-5]?(min|s) (left)?.*ntp_monitor.service'
}

@test "timesyncd stopped: the log says so, the unit fails and is listed, and timesyncd stays stopped" {
  guest systemctl stop systemd-timesyncd
  checks 3
  said 'timesyncd.* not running' || fail "$(journal)"
  guest systemctl --failed --no-legend --plain | grep -q '^ntp_monitor.service'
  [ "$(guest systemctl is-active systemd-timesyncd || true)" = inactive ]
}

@test "socket: curl gets /metrics and /health, 503 without a time service, and no unit stays behind" {
  guest systemctl enable --now ntp_monitor-http.socket
  guest curl -sS http://127.0.0.1:10123/metrics | grep -qx 'ntp_monitor_verdict 0'
  [ "$(guest curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:10123/health)" = 200 ]
  guest systemctl stop systemd-timesyncd
  [ "$(guest curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:10123/health)" = 503 ]
  [ "$(guest systemctl is-active systemd-timesyncd || true)" = inactive ]
  machine_until 10 eval '[ -z "$(guest systemctl list-units --all --plain --no-legend "ntp_monitor-http@*")" ]'
  guest systemctl disable --now ntp_monitor-http.socket
}

@test "cron: the cron.d file runs it as nobody, and no mail is sent" {
  follow cron/ntp_monitor
  guest_sh 'sed -i "s,^\*/5 ,* ," /etc/cron.d/ntp_monitor; grep -q "^\* .* nobody " /etc/cron.d/ntp_monitor'
  machine_until 90 said 'INFO NTP healthy' || fail "$(journal)"
  [ "$(entries ntp_monitor | jq -r ._UID | sort -u)" = "$(guest id -u nobody)" ]
  said '\(nobody\) CMD \(/usr/local/bin/ntp_monitor\)' CRON || fail "$(journal)"
  run ! said 'MAIL|discarding output|ERROR' CRON
}

@test "journal: a line has its fields, and journalctl -x explains it" {
  guest journalctl --update-catalog
  configure '[logging]' 'syslog_address = journal'
  checks 0
  [ "$(entries ntp_monitor | jq -r '[.NTP_REASON, ._SYSTEMD_UNIT, (.NTP_JITTER_USEC | type)] | join(" ")')" = 'ok ntp_monitor.service string' ]
  journal -x | grep -q 'Subject: The clock is well kept'
}

@test "textfile.conf: node_exporter serves the service's file, with the clock's verdict" {
  follow systemd/textfile.conf
  checks 0
  said 'INFO NTP healthy' || fail "$(journal)"
  guest systemctl restart prometheus-node-exporter
  machine_until 20 guest_sh 'curl -s http://127.0.0.1:9100/metrics | grep -qx "ntp_monitor_verdict 0"'
  # root's own file is not read: the service sees an empty home.
  guest_sh 'echo "[nonsense]" >/root/.ntp_monitor.conf'
  checks 0
  guest rm /root/.ntp_monitor.conf
}

@test "loghost.conf: the line reaches the log host" {
  follow systemd/loghost.conf
  guest_sh 'ip address add 192.0.2.10/32 dev lo
    printf "%s\n" "module(load=\"imudp\")" "input(type=\"imudp\" port=\"514\" ruleset=\"far\")" \
      "ruleset(name=\"far\") { action(type=\"omfile\" file=\"/var/log/far\") }" >/etc/rsyslog.d/90-ntp_monitor-far.conf
    systemctl restart rsyslog'
  configure '[logging]' 'syslog_address = 192.0.2.10'
  checks 0
  machine_until 10 guest grep -q 'INFO NTP healthy' /var/log/far
  guest ip address del 192.0.2.10/32 dev lo
}

@test "influx.conf: the service posts a report with a secret that only root can read" {
  follow systemd/influx.conf
  guest_sh 'sed -i /influx.password/d /etc/systemd/system/ntp_monitor.service.d/influx.conf; systemctl daemon-reload
    install -m 600 /dev/null /etc/ntp_monitor.token; echo secret >/etc/ntp_monitor.token'
  guest_sh 'build=/root/ntp_monitor/build/tests/lab; make -s -C /root/ntp_monitor build/tests/lab/http_server
    systemd-run -q --unit=influxd "$build/http_server" 8086 /root/posted influx2 home clocks secret'
  configure '[output]' 'influx = http://127.0.0.1:8086' '[influx]' 'org = home' 'bucket = clocks' 'token_file = influx.token'
  machine_until 10 guest_sh 'curl -s http://127.0.0.1:8086/ >/dev/null || [ $? != 7 ]'
  checks 0
  guest grep -aq '^ntp_monitor,.* jitter_s=' /root/posted || fail "$(guest cat /root/posted)" "$(journal)"
  guest_sh 'systemctl stop influxd; rm /etc/ntp_monitor.token'
}

@test "rsyslog, logrotate: lines are filed, from WARNING on also in syslog, and the file is rotated" {
  guest rm -f /var/log/ntp_monitor.log
  follow rsyslog/ntp_monitor.conf
  follow logrotate/ntp_monitor
  checks 0
  machine_until 10 guest grep -q 'INFO NTP healthy' /var/log/ntp_monitor.log
  drop_in ntp_monitor.service '[Service]' ExecStart= 'ExecStart=/usr/local/bin/ntp_monitor -w 1ns'
  checks 1
  machine_until 10 guest_sh 'grep -q "WARNING NTP" /var/log/ntp_monitor.log && grep -q "ntp_monitor.*WARNING NTP" /var/log/syslog'
  # With hybrid cgroups its postrotate fails here after signalling rsyslogd, as the new file shows.
  guest logrotate -f /etc/logrotate.d/ntp_monitor || true
  checks 1
  machine_until 10 guest grep -q 'WARNING NTP' /var/log/ntp_monitor.log
  guest grep -q 'INFO NTP healthy' /var/log/ntp_monitor.log.1
}

@test "nrpe: gets a reading as its own user, and check_nrpe returns the verdict" {
  follow nagios/nrpe.cfg
  machine_until 20 guest_sh '/usr/lib/nagios/plugins/check_nrpe -H 127.0.0.1 -c check_ntp_monitor | grep -q "^NTP OK: .*| jitter="' ||
    fail "$(guest /usr/lib/nagios/plugins/check_nrpe -H 127.0.0.1 -c check_ntp_monitor)"
}

@test "PREFIX=/usr: everything moves there and works; uninstall leaves nothing behind" {
  guest make -C /root/ntp_monitor uninstall >"$BATS_TEST_TMPDIR/refused" 2>&1 && fail 'it takes away an enabled unit'
  guest_sh "$(sed -nE 's/.*first: sudo (.*)/\1/p' "$BATS_TEST_TMPDIR/refused")"
  guest make -s -C /root/ntp_monitor uninstall
  [ -z "$(guest find /usr/local -name '*ntp*monitor*')" ]
  BOUND_S=200 guest make -s -C /root/ntp_monitor PREFIX=/usr install
  guest systemctl enable --now ntp_monitor.timer ntp_monitor-http.socket
  checks 0
  guest curl -sS http://127.0.0.1:10123/metrics | grep -qx 'ntp_monitor_verdict 0'
  run ! guest grep -rIl /usr/local /usr/share/doc/ntp_monitor /usr/lib/systemd/system/ntp_monitor.service
  ! guest make -s -C /root/ntp_monitor PREFIX=/usr uninstall || fail "it takes away an enabled unit"
  guest systemctl disable --now ntp_monitor.timer ntp_monitor-http.socket
  guest make -s -C /root/ntp_monitor PREFIX=/usr uninstall
  [ -z "$(guest find /usr -name '*ntp_monitor*')" ]
}
