# What the tests of HTTP share: the program with a configuration of the test's own, and what it said.
# shellcheck shell=bash disable=SC2034,SC2154 # bats' $output, $stderr

load usage

# A configuration of these lines, in $conf; the reading is good.
configured() {
  conf=$BATS_TEST_TMPDIR/conf
  printf '%s\n' '[output]' "influx = $1" '[influx]' "${@:2}" >"$conf"
  reading 'Jitter=1.5ms' >/dev/null
}

# The program as cron starts it, with that configuration: the verdict goes to rsyslogd.
posts() {
  as_cron -C "$conf" -s "text:$BATS_TEST_TMPDIR/reading" "$@"
}

# A file that only we can read: its path.
secret() {
  (umask 077 && printf '%s\n' "$2" >"$BATS_TEST_TMPDIR/$1")
  echo "$BATS_TEST_TMPDIR/$1"
}

readonly VERDICT='30 INFO NTP healthy, jitter: 1\.5ms .*'

# The verdict is logged all the same, and then what this regular expression says; status 3.
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
