# Shared by the tests of HTTP: the program with a configuration of the test's own, and what it reported.
# shellcheck shell=bash disable=SC2034,SC2154 # bats' $output, $stderr

load usage

# configured URL LINE...: writes $conf with an influx output and these lines, and a good reading.
configured() {
  conf=$BATS_TEST_TMPDIR/conf
  printf '%s\n' '[output]' "influx = $1" '[influx]' "${@:2}" >"$conf"
  reading 'Jitter=1.5ms' >/dev/null
}

# Runs the program as cron does, with that configuration; the verdict goes to rsyslogd.
posts() {
  as_cron -C "$conf" -s "text:$BATS_TEST_TMPDIR/reading" "$@"
}

# secret NAME TEXT: writes a file that only we can read, and prints its path.
secret() {
  (umask 077 && printf '%s\n' "$2" >"$BATS_TEST_TMPDIR/$1")
  echo "$BATS_TEST_TMPDIR/$1"
}

readonly VERDICT='30 INFO NTP healthy, jitter: 1\.5ms .*'

# fails_with REGEX: status 3, the verdict is logged, and then an ERROR that matches.
fails_with() {
  expect 3 posts
  silent
  lines_are "$(logged)" "$VERDICT" "27 ERROR $1"
}

arrives() {
  expect 0 posts "$@"
  silent
  lines_are "$(logged)" "$VERDICT"
}
