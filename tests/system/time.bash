# time.bash: shared by the tests of readings and verdicts: one run of the program, and what it reported.
#
#   check [ARGUMENT...]            one run with the report in JSON and the log on stderr, as the user $AS
#                                  (empty: root, lab_as_user: an ordinary one), of the source $SOURCE
#                                  (empty: auto)
#   verdict STATUS REASON [REGEX...]   fails unless the exit status, the report and the one log line
#                                  agree on this, and the message matches each regex
#   server [FILTER]                jq over the first server of the report
#   in_time SECONDS                fails if the run took longer
#   harmless FILE...               fails unless the text in them can do nothing to a log or terminal
#
# shellcheck shell=bash

# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "${TOP:?is the top of the repository}/tests/lab/lab.sh"

AS=
SOURCE=
status=0
took_ms=0
OUT=$BATS_TEST_TMPDIR/out
ERR=$BATS_TEST_TMPDIR/err

# Prints its arguments, and shows the last run.
fail() {
  printf '%s\n' "$*" >&2
  {
    printf -- '--- as: %s, status %s after %s ms, stdout, stderr:\n' "${AS:-root}" "$status" "$took_ms"
    head -c 3000 "$OUT" | cat -v
    printf -- '---\n'
    head -c 3000 "$ERR" | cat -v
  } >&2
  return 1
}

# row WORDS: names the table row that failed.
row() {
  printf 'in the row: %s\n' "$*" >&2
  return 1
}

# run_program ARGUMENT...: sets $status, $OUT, $ERR and $took_ms.
run_program() {
  local begun_ms
  begun_ms=$(lab_uptime_ms)
  status=0
  ${AS:+"$AS"} "$PROG" "$@" >"$OUT" 2>"$ERR" || status=$?
  took_ms=$(($(lab_uptime_ms) - begun_ms))
}

check() {
  run_program -o json -l stderr ${SOURCE:+-s "$SOURCE"} "$@"
}

verdict() {
  local wanted=$1 reason=$2 words=(ok warning critical unknown) agrees='' message='' pattern
  local levels=(INFO WARNING CRITICAL WARNING)
  shift 2
  [ "$status" = "$wanted" ] || fail "the exit status is not $wanted" || return
  [ "$(wc -l <"$OUT")" = 1 ] || fail 'the report is not one line' || return
  {
    read -r agrees
    IFS= read -r message
  } < <(jq -r --arg verdict "${words[wanted]}" --arg reason "$reason" --argjson status "$wanted" \
    '(.verdict == $verdict and .reason == $reason and .exit_status == $status and
      ((.source | contains(" ")) or ($status == 3) == (.servers == []))), .message' "$OUT") || true
  [ "$agrees" = true ] || fail "the report does not say ${words[wanted]}, $reason, $wanted" || return
  [ "$(cat "$ERR")" = "ntp_monitor: ${levels[wanted]} $message" ] ||
    fail "the log is not one line: ${levels[wanted]} and the report's message" || return
  for pattern; do
    [[ $message =~ $pattern ]] || fail "the message has nothing like: $pattern" || return
  done
}

server() {
  jq -c ".servers[0] | ${1-.}" "$OUT"
}

# server_is FILTER VALUE: VALUE is JSON.
server_is() {
  jq -e --argjson wanted "$2" "(.servers[0] | $1) == \$wanted" "$OUT" >/dev/null ||
    fail "$1 is $(server "$1") instead of $2"
}

# Allows a busy machine one second more.
in_time() {
  [ "$took_ms" -le $(($1 * 1000 + 1000)) ] || fail "took longer than $1 s"
}

# Valid UTF-8 without C0 (except line ends), DEL, C1, bidi controls or line separators; and no line end inside a value
# of the report.
harmless() {
  local file acting='[\x{00}-\x{09}\x{0b}-\x{1f}\x{7f}-\x{9f}\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}'
  acting+='\x{2060}-\x{206f}\x{feff}]'
  for file; do
    iconv -f UTF-8 -t UTF-8 "$file" >/dev/null || fail "$file is not UTF-8" || return
    if grep -aqP "$acting" "$file"; then
      fail "$file holds what acts on a terminal: $(head -c 3000 "$file" | od -c)" || return
    fi
  done
  if jq -e '[.. | strings | test("[\\p{Cc}\\p{Cf}\\x{2028}\\x{2029}]")] | any' "$OUT" >/dev/null 2>&1
  then
    fail 'a value of the report holds what acts on a terminal'
  fi
}

# config LINE...: writes a configuration with these lines in [monitoring], and sets $CONF to its path.
config() {
  CONF=$BATS_TEST_TMPDIR/conf
  printf '%s\n' '[monitoring]' "$@" >"$CONF"
}

# These tools do not work with sanitizers.
plain_build_only() {
  [[ ${BUILD-} != *asan* ]] || skip "$1 runs on the plain build only"
}

# --- the service ------------------------------------------------------------

# service [RULE...]: starts a bus, NTP servers with these rules, and a timesyncd that asks them.
service() {
  lab_stop_all
  rm -f /run/systemd/timesync/synchronized
  lab_bus_start && lab_ntp_start "$@" && lab_timesyncd_start
}

# property NAME: prints timesyncd's property as JSON, through systemd's own tool.
property() {
  busctl --json=short get-property org.freedesktop.timesync1 /org/freedesktop/timesync1 \
    org.freedesktop.timesync1.Manager "$1" | jq -c .data
}

# Converts a span that systemd's tools print to microseconds.
span_us() {
  systemd-analyze timespan "$1" | sed -n 's/^ *[^ ]*s: *//p' | head -n 1
}

# once_asked COMMAND...: runs the command as soon as a call for timesyncd reaches the bus; start the check after this
# returns.
once_asked() {
  lab_spawn calls busctl monitor org.freedesktop.timesync1 &&
    lab_ready calls 5 grep -qs Monitoring "$LAB_DIR/log/calls" || return
  { lab_line "$LAB_DIR/log/calls" 'Member=GetAll' && "$@"; } >/dev/null 2>&1 3>&- &
}
