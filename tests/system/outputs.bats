#!/usr/bin/env bats
# Reports for other programs: -o FORMAT=FILE and [output]. A file is complete or unchanged, whatever happens on the way;
# root follows no one's link; a failure is logged and turns OK into 3, and the verdict is logged in any case.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # tests are subshells; delivery.bash's names

bats_require_minimum_version 1.5.0
load delivery

setup() {
  common_setup
  F=$T/files
  mkdir "$F"
}

teardown() {
  common_teardown
  ! mountpoint -q "$F" || umount "$F"
}

# Prints the names of all files in $F.
names() {
  find "$F" -mindepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' '
}

logged() {
  rsyslogd_raw | sed -E 's/^[^:]*: //'
}

@test "file: written next to the report on stdout and the log line" {
  rsyslogd_start -p none
  monitor -o "json=$F/report.json" -o nagios
  ended 0
  equal 'the object' "$(jq -r .message "$F/report.json")" "$healthy"
  [[ $(<"$T/out") == "NTP OK: ${healthy#NTP } | "* ]]
  equal 'the log' "$(logged)" "INFO $healthy"
  equal 'the names' "$(names)" report.json
  equal 'the mode' "$(stat -c '%a %U' "$F/report.json")" '644 root'
}

@test "file: several at once, from the command line and the configuration, new in every run" {
  config '[output]' "json = $F/a"
  for jitter in 1ms 2ms; do
    reading jitter=$jitter
    monitor -l none -C "$T/conf" -o "json=$F/b" -o "nagios=$F/c" -o "text=$F/d"
    ended_silent 0
    for name in a b; do
      equal 'the jitter' "$(jq .servers[0].jitter_s "$F/$name")" "0.00${jitter%ms}"
    done
    grep -q "jitter=0.00${jitter%ms}s" "$F/c"
    grep -q "^  jitter          $jitter" "$F/d"
    ! grep -q $'\e' "$F/d" # no colour
  done
  equal 'the names' "$(names)" 'a b c d'
}

@test "file: written without a reading as well, with the exit status" {
  source=(-s text:/nothing)
  monitor -l none -o "json=$F/report"
  ended 3
  equal 'the status' "$(jq -c '[.verdict, .exit_status, .servers]' "$F/report")" '["unknown",3,[]]'
}

@test "file: a relative path works on the command line and is a problem in a configuration" {
  cd "$F"
  monitor -l none -o json=report
  ended_silent 0
  equal 'the names' "$(names)" report
  config '[output]' 'json = report'
  monitor -l stderr -C "$T/conf"
  ended 3
  grep -q "conf:2: json: 'report' .*(default)" "$T/err"
}

@test "file: a reader sees the old or the new report, never a part" {
  # A long report, read while it is written.
  for i in {1..16}; do
    reading jitter="${i}ms"
    mv "$T/reading" "$T/$i"
    source+=(-s "text:$T/$i")
  done
  source=("${source[@]:2:32}")
  monitor -l none -o "json=$F/report"
  : >"$T/go"
  SECONDS=0
  (while [ -e "$T/go" ] && [ $SECONDS -lt 60 ]; do jq -e '.servers | length == 16' <"$F/report" >/dev/null || echo part; done) 3>&- >"$T/parts" &
  reader=$!
  for _ in {1..100}; do
    monitor -l none -o "json=$F/report"
    ended_silent 0
  done
  rm "$T/go"
  wait "$reader"
  equal 'what was read' "$(<"$T/parts")" ''
  equal 'the names' "$(names)" report
}

@test "file: concurrent runs do not mix" {
  for i in {1..30}; do
    start -l none -o "json=$F/report"
    first=$pid
    start -l none -o "json=$F/report"
    wait "$first" "$pid"
    jq -e .schema "$F/report" >/dev/null
  done
  equal 'the names' "$(names)" report
}

# fails PATTERN OPTION...: the log has the verdict and an ERROR that matches, and the status is 3.
fails() {
  local words=$1
  shift
  monitor "$@"
  ended_silent 3
  [[ $(logged) == "INFO $healthy"$'\nERROR '$words ]] || fail "the log is: $(logged)"
}

@test "a report that cannot be written is named in the next one" {
  local format
  for format in text json nagios; do
    monitor -l none -o json="$F/no/folder" -o $format
    ended 3
    grep -qE "NTP (UNKNOWN: )?healthy, .*, source: text; .*$F/no/folder: .*No such file or directory" "$T/out" || fail "$(<"$T/out")"
  done
}

@test "a report that cannot be written is named in the files written before it" {
  local way
  for way in "-o influx=/bad/folder" "-o nagios"; do
    at=$([ "$way" != '-o nagios' ] || echo '>/dev/full')
    # shellcheck disable=SC2086 # words
    monitor -l none -o "json=$F/report" $way
    ended 3
    equal "the status with $way" "$(jq .exit_status "$F/report")" 3
    jq -r .message "$F/report" | grep -q 'source: text; ' || fail "$(<"$F/report")"
  done
}

@test "file: a full disk leaves the old one, and no other file" {
  rsyslogd_start -p none
  mount -t tmpfs -o size=8k,mode=755 tmpfs "$F"
  monitor -l none -o "json=$F/report"
  cp "$F/report" "$T/old"
  dd if=/dev/zero of="$F/full" bs=4096 count=1 2>/dev/null
  reading server="$(printf 'x%.0s' {1..200})"
  healthy=${healthy/ntp.example.org/$(printf 'x%.0s' {1..200})}
  fails "$F/report: No space left on device; *" -o "json=$F/report"
  cmp "$F/report" "$T/old"
  equal 'the names' "$(names)" 'full report'
}

@test "file: a read-only disk leaves the old one" {
  rsyslogd_start -p none
  mount -t tmpfs -o mode=755 tmpfs "$F"
  echo old >"$F/report"
  # A remount of the file system itself would repeat uid=, a number that an ordinary user's lab lacks.
  mount -o remount,bind,ro "$F"
  fails "$F/report: Read-only file system; *" -o "json=$F/report"
  equal 'the file' "$(<"$F/report")" old
}

@test "file: a failed one does not stop the others" {
  rsyslogd_start -p none
  fails '/nothing/a: *: No such file or directory' -o json=/nothing/a -o "json=$F/b"
  equal 'the names' "$(names)" b
}

@test "file: a warning stays a warning when a report fails" {
  reading jitter=3s
  monitor -l none -o json=/nothing/a
  ended 1
}

@test "file: root writes through no link, over regular files only, and only where nobody else can write" {
  rsyslogd_start -p none
  echo precious >"$T/precious"
  ln -s "$T/precious" "$F/link"
  fails "$F/link: *symbolic link*" -o "json=$F/link"
  ln -s "$F" "$T/way"
  : >"$LAB_DIR/rsyslog.raw"
  fails "$T/way/report: *: Not a directory (*symbolic link*)" -o "json=$T/way/report"
  mkfifo "$F/fifo"
  : >"$LAB_DIR/rsyslog.raw"
  fails "$F/fifo: *regular file*" -o "json=$F/fifo"
  chmod 0777 "$F"
  : >"$LAB_DIR/rsyslog.raw"
  fails "$F/report: * uid 0 *0777*; *chown root *chmod go-w*" -o "json=$F/report"
  equal 'the precious' "$(<"$T/precious")" precious
  equal 'the names' "$(names)" 'fifo link'
}

@test "file: an ordinary user's link is replaced, and its target stays untouched" {
  chmod 0777 "$F" "$T"
  echo precious >"$T/precious"
  ln -s "$T/precious" "$F/link"
  via=(lab_as_user)
  eval 'lab_as_user "$PROG" "${source[@]}" -l none -o "json=$F/link"'
  equal 'the precious' "$(<"$T/precious")" precious
  [ ! -L "$F/link" ] && jq -e .schema "$F/link" >/dev/null
}

@test "file: what a killed run leaves behind is removed by the next" {
  plain_build_only strace
  local call
  for call in fchmod fsync renameat; do
    via=(strace -f -o /dev/null -e "inject=$call:signal=SIGKILL:when=1")
    monitor -l none -o "json=$F/report" || true
    [ "$status" = 137 ] || fail "$call: status $status"
    via=()
    monitor -l none -o "json=$F/report"
    ended_silent 0
    equal 'the names' "$(names)" report
  done
}

@test "udp: lines go to a port; a refusal is reported" {
  rsyslogd_start -p none
  fails "udp://127.0.0.1:8089: UDP port 8089: Connection refused" -o influx=udp://127.0.0.1:8089
  peer udp 127.0.0.1 8089
  monitor -l none -o influx=udp://127.0.0.1:8089
  ended_silent 0
  lab_until 5 grep -q '^ntp_monitor,' "$T/peer"
}

@test "usage: impossible targets are refused" {
  while IFS='|' read -r option words; do
    monitor -l none -o "$option"
    ended 3
    grep -qF -- "$words" "$T/err" || fail "$option: $(<"$T/err")"
  done <<'END'
json=|''
json=/run/|'/run/'
json=udp://localhost:1|'udp://localhost:1'
yaml=/run/x|'yaml'
influx=ftp://a|'ftp://a'
influx=http://me:word@a|password
END
}
