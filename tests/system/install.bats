#!/usr/bin/env bats
# install_config.sh in homes, an /etc and a crontab spool of the tests' own, with
# the real crontab program: it puts the files where they belong, once, with the
# right owner and mode; it harms nothing that exists; and it removes only what it
# installed.
# shellcheck disable=SC2016,SC2034,SC2154 # other shells' $; lab_setup's names

bats_require_minimum_version 1.5.0
load install_lab

setup() {
  lab_setup
}

# --- the files ---------------------------------------------------------------

@test "install: a user gets ~/.ntp_monitor.conf, once, and nothing in /etc" {
  expect 0 as_alice "$script"
  said "installed $conf"
  said_nothing_else
  same "$conf" "$example"
  mode_is 644 "$conf"
  none "$etc_conf" "$root_conf"
  before=$(snapshot)
  expect 0 as_alice "$script"
  said "left $conf: already installed"
  said_nothing_else
  [ "$before" = "$(snapshot)" ]
}

@test "install: root gets both files, once, /etc's with mode 0644 whatever the umask" {
  umask 077
  expect 0 as_root "$script"
  said "installed $root_conf" "installed /etc/ntp_monitor.conf"
  said_nothing_else
  same "$root_conf" "$example"
  same "$etc_conf" "$example"
  mode_is 644 "$etc_conf"
  before=$(snapshot)
  expect 0 as_root "$script"
  said "left $root_conf: already installed" \
    "left /etc/ntp_monitor.conf: already installed"
  [ "$before" = "$(snapshot)" ]
}

@test "install: the user's umask applies, but others never get write permission" {
  umask 077
  expect 0 as_alice "$script"
  mode_is 600 "$conf"
  rm "$conf"
  umask 000
  expect 0 as_alice "$script"
  mode_is 644 "$conf"
}

@test "install: works from any folder, by any name, through symbolic links" {
  ln -s "$script" "$T/absolute link"
  ln -s "a tree" "$T/tree-link"
  ln -s "tree-link/install_config.sh" "$T/relative"
  ln -s "$script" "$T/tools/by-path"
  for call in "cd / && '$T/absolute link'" "cd '$T' && ./relative" \
    "cd '$tree' && ./install_config.sh" "cd '$tree' && sh install_config.sh" \
    "cd '$tree/build' && sh ../install_config.sh" "cd / && by-path"; do
    rm -f "$conf"
    expect 0 as_alice sh -c "$call"
    said "installed $conf"
    same "$conf" "$example"
  done
}

@test "install: uses HOME, or the passwd entry when it is unset or not absolute" {
  mkdir "$T/elsewhere"
  link_tools env
  expect 0 as_alice HOME="$T/elsewhere/" "$script"
  said "installed $T/elsewhere/.ntp_monitor.conf"
  none "$conf"
  expect 0 as_alice env -u HOME "$script"
  said "installed $conf"
  rm "$conf"
  expect 0 as_alice HOME=elsewhere sh -c "cd '$T' && '$script'"
  said "installed $conf"
  rm "$conf"
  expect 0 as_alice HOME= "$script"
  said "installed $conf"
}

@test "install: an existing file, link or dangling link is left alone" {
  echo '[monitoring]' >"$conf"
  ln -s nowhere "$root_conf"
  cp "$conf" "$T/kept"
  ln -s ../kept "$etc_conf"
  expect 0 as_alice "$script"
  said "left $conf: it differs from the example"
  expect 0 as_root "$script"
  said "left $root_conf: it is a symbolic link" \
    "left /etc/ntp_monitor.conf: it is a symbolic link"
  same "$conf" "$T/kept"
  [ "$(cat "$conf")" = '[monitoring]' ]
  [ "$(readlink "$root_conf")" = nowhere ]
  none "$root_home/nowhere"
}

@test "install: a folder or a pipe in place of the file is an error" {
  mkdir "$etc_conf"
  mkfifo "$root_conf"
  link_tools timeout
  expect 1 as_root timeout 10 "$script"
  complained "cannot install $root_conf: it exists and is not a regular file"
  complained "cannot install /etc/ntp_monitor.conf: it exists and is not a regular file"
  [ -d "$etc_conf" ]
  [ -z "$(ls -A "$etc_conf")" ]
}

@test "install: a link created at the last moment is not followed" {
  stub sh <<'END'
#!/bin/sh
case $2 in
  *'set -C'*) ln -s "$HOME/victim" "$FILE" ;;
esac
exec /bin/sh "$@"
END
  link_tools ln
  expect 1 as_alice "$script"
  complained "cannot install $conf: File exists"
  [ -L "$conf" ]
  none "$home/victim"
}

@test "install: a full disk leaves no partial file" {
  lab_mount='mount -t tmpfs -o size=8k tmpfs "$home" &&
    { cat /dev/zero >"$home/filler" 2>&-; :; }'
  link_tools ls
  expect 1 as_alice sh -c '"$1"; status=$?; ls -A "$HOME"; exit $status' sh \
    "$script"
  said filler
  complained "cannot install $conf: No space left on device"
}

@test "install: a folder in which no file can be made is an error with its reason" {
  chmod 555 "$home"
  expect 1 as_alice "$script"
  complained "cannot install $conf: Permission denied"
  lab_mount='mount --bind "$home" "$home" && mount -o remount,bind,ro "$home"' \
    expect 1 as_root HOME="$home" "$script"
  complained "cannot install $conf: Read-only file system"
  said "installed /etc/ntp_monitor.conf"
}

@test "install: a missing home is an error, and is not created" {
  expect 1 as_alice HOME="$T/gone" "$script"
  link_tools env
  complained "cannot install $T/gone/.ntp_monitor.conf: the folder $T/gone/ is missing"
  none "$T/gone"
  sed -i /alice/d "$T/etc/passwd"
  expect 1 as_alice env -u HOME "$script" --cron
  complained "no home known for user 1000 (no passwd entry)"
  said ""
  [ "$(wc -l <<<"$stderr")" = 1 ]
}

@test "install: without the example beside it nothing is done, and it is an error" {
  rm "$example"
  before=$(snapshot)
  expect 1 as_root "$script" --cron
  complained "$example is missing or not readable"
  expect 1 as_root "$script" --uninstall
  [ "$before" = "$(snapshot)" ]
}

# --- sudo --------------------------------------------------------------------

@test "sudo: home and crontab are the caller's, whatever HOME says" {
  expect 0 as_sudo "$script" --cron
  said "installed $conf" "installed /etc/ntp_monitor.conf" \
    "added to the crontab of alice: */5 * * * * '$program'"
  said_nothing_else
  same "$conf" "$example"
  same "$etc_conf" "$example"
  none "$root_conf" "$tables/root"
  crontab_is alice <<<"*/5 * * * * '$program'"
  expect 0 as_sudo "$script" --cron
  said "left $conf: already installed" \
    "left /etc/ntp_monitor.conf: already installed" \
    "left the crontab of alice: it already has the line: */5 * * * * '$program'"
  expect 0 as_sudo "$script" --uninstall
  said "removed $conf" "removed /etc/ntp_monitor.conf" \
    "removed from the crontab of alice: */5 * * * * '$program'"
  none "$conf" "$etc_conf" "$tables/alice"
}

@test "sudo: doas works alike; from root it means root; a user's SUDO_USER is ignored" {
  expect 0 as_sudo env -u SUDO_USER DOAS_USER=alice "$script"
  said "installed $conf" "installed /etc/ntp_monitor.conf"
  expect 0 as_root SUDO_USER=root "$script"
  said "installed $root_conf" "left /etc/ntp_monitor.conf: already installed"
  rm "$conf" "$root_conf"
  expect 0 as_alice SUDO_USER=root "$script"
  said "installed $conf"
}

@test "sudo: a caller without an entry or a home is an error; /etc is still done" {
  expect 1 as_sudo SUDO_USER=ghost "$script" --cron
  complained "no home known for user ghost (no passwd entry)"
  said "installed /etc/ntp_monitor.conf"
  sed -i "s,$home,$T/gone," "$T/etc/passwd"
  expect 1 as_sudo "$script"
  complained "cannot install $T/gone/.ntp_monitor.conf: the folder $T/gone/ is missing"
  none "$T/gone" "$root_conf"
}

@test "sudo: the caller owns the file, with the real su" {
  if awk '{ n += $3 } END { exit n > 1000 }' /proc/self/uid_map; then
    skip "needs more than one user: run as true root, under unshare -nm"
  fi
  cp -r /etc/pam.d /etc/security /etc/login.defs "$T/etc/"
  printf '%s\n' 'root:*:1::::::' 'alice:*:1::::::' >"$T/etc/shadow"
  sed -i "s,$home,/mnt/alice," "$T/etc/passwd"
  link_tools su
  rm "$tools/crontab"
  chmod 700 "$tree"
  lab_mount='mount -t tmpfs -o mode=755 tmpfs /mnt && mkdir -m 700 /mnt/alice &&
    chown 1000:1000 /mnt/alice && cp -a "$T/tools" /mnt/tools'
  expect 0 as_root PATH=/mnt/tools SUDO_USER=alice sh -c "'$script' && /usr/bin/stat \
    -c '%u:%g %a %n' /mnt/alice/.ntp_monitor.conf /etc/ntp_monitor.conf &&
    '$script' --uninstall && /bin/ls -A /mnt/alice"
  said "installed /mnt/alice/.ntp_monitor.conf" \
    "installed /etc/ntp_monitor.conf" \
    "1000:1000 644 /mnt/alice/.ntp_monitor.conf" \
    "0:0 644 /etc/ntp_monitor.conf" "removed /mnt/alice/.ntp_monitor.conf" \
    "removed /etc/ntp_monitor.conf"
}

# --- dry run, options --------------------------------------------------------

@test "dry run: announces everything and does nothing" {
  printf '# mine\n@daily true\n' | set_crontab alice
  before=$(snapshot)
  expect 0 as_sudo "$script" --cron --dry-run
  said "would install $conf" "would install /etc/ntp_monitor.conf" \
    "would add to the crontab of alice: */5 * * * * '$program'"
  said_nothing_else
  [ "$before" = "$(snapshot)" ]
  expect 0 as_sudo "$script" --cron
  before=$(snapshot)
  expect 0 as_sudo "$script" --dry-run --uninstall
  said "would remove $conf" "would remove /etc/ntp_monitor.conf" \
    "would remove from the crontab of alice: */5 * * * * '$program'"
  [ "$before" = "$(snapshot)" ]
}

@test "options: an unknown one is a usage error, and nothing is done" {
  before=$(snapshot)
  for wrong in --corn -x extra '' --cron=yes; do
    expect 2 as_root "$script" --cron "$wrong"
    complained "unknown argument '$wrong'; try --help"
    said ""
  done
  expect 2 as_root "$script" --uninstall --cron
  complained "without --cron"
  [ "$before" = "$(snapshot)" ]
}

@test "options: --help lists them all, in 80 columns, and does nothing" {
  before=$(snapshot)
  expect 0 as_root "$script" --help
  said_nothing_else
  for word in '  --cron' '  --uninstall' '  --dry-run' '  -h, --help' HOME \
    SUDO_USER 'Exit status: 0'; do
    grep -q -e "^$word " -e "[ ,]${word}[ ,]" <<<"$output"
  done
  [ "$(wc -L <<<"$output")" -le 80 ]
  [ "$before" = "$(snapshot)" ]
}

# --- uninstall of files ------------------------------------------------------

@test "uninstall: removes unchanged files" {
  expect 0 as_root "$script"
  expect 0 as_root "$script" --uninstall
  said "removed $root_conf" "removed /etc/ntp_monitor.conf" \
    "no line of ours in the crontab of root"
  said_nothing_else
  none "$root_conf" "$etc_conf"
  expect 0 as_root "$script" --uninstall
  said "nothing at $root_conf" "nothing at /etc/ntp_monitor.conf" \
    "no line of ours in the crontab of root"
}

@test "uninstall: changed files, links and folders are left and named" {
  expect 0 as_root "$script"
  echo 'jitter_threshold = 1' >>"$etc_conf"
  mv "$root_conf" "$root_home/moved"
  ln -s moved "$root_conf"
  mkdir "$conf"
  before=$(snapshot)
  expect 0 as_root "$script" --uninstall
  said "left $root_conf: it is a symbolic link" \
    "left /etc/ntp_monitor.conf: it differs from the example" \
    "no line of ours in the crontab of root"
  expect 0 as_alice "$script" --uninstall
  said "left $conf: it is not a regular file" "no line of ours in the crontab of alice"
  [ "$before" = "$(snapshot)" ]
}

@test "uninstall: a file that cannot be removed is an error with its reason" {
  expect 0 as_alice "$script"
  chmod 555 "$home"
  expect 1 as_alice "$script" --uninstall
  complained "cannot remove $conf: Permission denied"
  same "$conf" "$example"
}

# --- cron: adding ------------------------------------------------------------

@test "cron: the line is added once" {
  expect 0 as_alice "$script" --cron
  said "installed $conf" \
    "added to the crontab of alice: */5 * * * * '$program'"
  said_nothing_else
  crontab_is alice <<<"*/5 * * * * '$program'"
  none "$tables/root"
  before=$(snapshot)
  expect 0 as_alice "$script" --cron
  said "left $conf: already installed" \
    "left the crontab of alice: it already has the line: */5 * * * * '$program'"
  [ "$before" = "$(snapshot)" ]
}

@test "cron: without --cron the crontab is not read" {
  ln -sf /bin/false "$tools/crontab"
  expect 0 as_alice "$script"
  said "installed $conf"
  said_nothing_else
}

@test "cron: the program in PATH comes first, and is not quoted without need" {
  mkdir "$T/usr,local+bin"
  cp "$program" "$T/usr,local+bin/"
  expect 0 as_alice PATH="$T/usr,local+bin:$tools" "$script" --cron
  crontab_is alice <<<"*/5 * * * * $T/usr,local+bin/ntp_monitor"
  expect 0 as_alice PATH="$T/usr,local+bin:$tools" "$script" --uninstall
  none "$tables/alice"
  cd "$T"
  expect 0 as_alice PATH="usr,local+bin:$tools" "$script" --cron
  crontab_is alice <<<"*/5 * * * * '$program'"
}

@test "cron: the line runs the program, also with blanks and quotes in its path" {
  odd="$T/it's a \"tree\" \$HOME"
  cp -r "$tree" "$odd"
  expect 0 as_alice "$odd/install_config.sh" --cron
  line=$(tail -n 1 "$tables/alice")
  expect 0 as_alice PATH=/usr/bin:/bin /bin/sh -c "${line#'*/5 * * * * '}"
  [ "$(cat "$home/ran")" = "$odd/build/ntp_monitor" ]
  expect 0 as_alice "$odd/install_config.sh" --cron
  [ "$(grep -c ntp_monitor "$tables/alice")" = 1 ]
  expect 0 as_alice "$odd/install_config.sh" --uninstall
  none "$tables/alice"
}

@test "cron: the existing crontab is kept byte for byte" {
  {
    printf '# caf\351 caf\303\251\n\n\nMAILTO=""\n\t1 2  3 4 5 \ttrue  \n'
    printf '*/5 * * * * echo %%a%%\\%%b\\n $HOME `x` "q" '"'s'"' & \\\n'
    printf '# %0900d\n\n' 1
  } >"$T/mine"
  set_crontab alice <"$T/mine"
  expect 0 as_alice "$script" --cron
  { cat "$T/mine" && echo "*/5 * * * * '$program'"; } | crontab_is alice
  expect 0 as_alice "$script" --uninstall
  crontab_is alice <"$T/mine"
  expect 0 as_alice CRONTAB_NOHEADER=N "$script" --cron
  { cat "$T/mine" && echo "*/5 * * * * '$program'"; } | crontab_is alice
}

@test "cron: a crontab written by hand, without header and last line end, is kept" {
  printf '# one\n# two\n# three\n# four\n\n@daily true' >"$tables/alice"
  chmod 600 "$tables/alice"
  expect 0 as_alice "$script" --cron
  printf '# one\n# two\n# three\n# four\n\n@daily true\n%s\n' \
    "*/5 * * * * '$program'" | crontab_is alice
  expect 0 as_alice "$script" --uninstall
  printf '# one\n# two\n# three\n# four\n\n@daily true\n' | crontab_is alice
}

@test "cron: nothing is added beside a line of the user's own that runs the program" {
  for own in '* * * * * /usr/bin/ntp_monitor' '@hourly ntp-monitor -q' \
    '5,35 8-18/2 * * mon-fri  cd / && ntp_monitor -w 1s >/dev/null 2>&1' \
    "*/5 * * * * '$program' -q" '	*/5 * * * * /opt/ntp_monitor;true'; do
    printf '# mine\n%s\n' "$own" | set_crontab alice
    before=$(cat "$tables/alice")
    expect 0 as_alice "$script" --cron
    grep -qFx "left the crontab of alice: it already runs ntp_monitor: $own" \
      <<<"$output"
    [ "$before" = "$(cat "$tables/alice")" ]
  done
}

@test "cron: nothing is added beside a commented-out line" {
  for own in "#*/5 * * * * '$program'" '## @hourly /opt/ntp_monitor -q'; do
    printf '# mine\n%s\n' "$own" | set_crontab alice
    before=$(cat "$tables/alice")
    expect 0 as_alice "$script" --cron
    grep -qFx "left the crontab of alice: ntp_monitor is commented out: $own" \
      <<<"$output"
    [ "$before" = "$(cat "$tables/alice")" ]
  done
}

@test "cron: lines that merely mention the program do not count" {
  {
    printf '# ntp_monitor looks at the clock\n#ntp_monitor\n'
    printf '# every 5 minutes or so we run ntp_monitor\n'
    printf 'MAILTO=ntp_monitor\n@daily tar cf /a.tar /etc/ntp_monitor.conf\n'
    printf '@daily my_ntp_monitor\n@daily ntp_monitors\n'
    printf '@daily /src/ntp_monitor/update\n@daily python3 ntp_monitor.py\n'
  } >"$T/mine"
  set_crontab alice <"$T/mine"
  expect 0 as_alice "$script" --cron
  { cat "$T/mine" && echo "*/5 * * * * '$program'"; } | crontab_is alice
}

# --- cron: what it must not do -----------------------------------------------

@test "cron: an unreadable crontab is not overwritten" {
  printf '@daily true\n' | set_crontab alice
  cp "$tables/alice" "$T/kept"
  chmod 000 "$tables/alice"
  for work in --cron --uninstall; do
    expect 1 as_alice "$script" "$work"
    complained "cannot read the crontab of alice, so it is not touched: "
    complained "Permission denied"
    same "$tables/alice" "$T/kept"
  done
  chmod 600 "$tables/alice"
  echo alice >"$T/etc/cron.deny"
  expect 1 as_alice "$script" --cron
  complained "not allowed to use this program"
  same "$tables/alice" "$T/kept"
}

@test "cron: a crontab that fails while being read is not overwritten" {
  for half in '1 # DO NOT EDIT THIS FILE - half' '2 # DO NOT EDIT THIS FILE - ' \
    '1 @daily half'; do
    rm -f "$T/written"
    stub crontab <<END
#!/bin/sh
case \$1 in
  -l) echo . >>'$T/calls'
    echo '${half#* }'
    [ \$(/usr/bin/wc -l <'$T/calls') -le ${half%% *} ] ;;
  *) : >'$T/written' ;;
esac
END
    for work in --cron --uninstall; do
      rm -f "$T/calls"
      expect 1 as_alice "$script" "$work"
      complained "cannot read the crontab of alice, so it is not touched"
      none "$T/written"
    done
  done
}

@test "cron: a failing grep does not empty the crontab" {
  printf '@daily true\n' | set_crontab alice
  expect 0 as_alice "$script" --cron
  cp "$tables/alice" "$T/kept"
  printf '#!/bin/sh\ncase $1 in -Ev) exit 2;; esac\nexec /bin/grep "$@"\n' |
    stub grep
  expect 1 as_alice "$script" --uninstall
  complained "cannot search the crontab of alice, so it is not touched"
  same "$tables/alice" "$T/kept"
}

@test "cron: a refusal by crontab is an error with its reason" {
  printf 'no cron line\n' >"$tables/alice"
  chmod 600 "$tables/alice"
  expect 1 as_alice "$script" --cron
  complained "cannot write the crontab of alice: "
  complained "errors in crontab file"
  [ "$(cat "$tables/alice")" = 'no cron line' ]
  [ "$output" = "installed $conf" ]
}

@test "cron: without a crontab program the package is named" {
  rm "$tools/crontab"
  expect 1 as_alice "$script" --cron
  complained "no crontab program found: install the package cron"
  same "$conf" "$example"
  expect 0 as_alice "$script" --uninstall
  said "removed $conf"
  said_nothing_else
}

@test "cron: a missing program, or one the user cannot run, is an error" {
  chmod 644 "$program"
  expect 1 as_alice "$script" --cron
  complained "user alice cannot run $program: run make install first"
  rm "$program"
  expect 1 as_alice "$script" --cron
  complained "no ntp_monitor in PATH and no $program: run make install first"
  none "$tables/alice"
}

@test "cron: a path that cron cannot hold is refused" {
  for odd in '100%' 'two
lines'; do
    mkdir "$T/$odd"
    cp -r "$tree"/* "$T/$odd/"
    expect 1 as_alice "$T/$odd/install_config.sh" --cron
    complained "cron cannot run a path with % or a line end: $T/$odd/build/"
    none "$tables/alice"
  done
}

@test "cron: root's crontab gets no program that others can change" {
  for mode in 775 757; do
    chmod "$mode" "$program"
    expect 1 as_root "$script" --cron
    complained "users other than root can change $program, so root's crontab must not run $program"
    none "$tables/root"
    expect 0 as_alice "$script" --cron --dry-run
    expect 0 as_sudo "$script" --cron --dry-run
  done
  chmod 755 "$program"
  # Anyone who can write a folder can replace the program: one on the path, or on a link's target.
  for folder in "$tree/build" "$tree" "$T"; do
    chmod 777 "$folder"
    expect 1 as_root "$script" --cron
    complained "users other than root can change $folder, so root's crontab must not run $program"
    none "$tables/root"
    chmod 755 "$folder"
  done
  mkdir -m 777 "$T/anybody"
  ln -s "$program" "$T/anybody/ntp_monitor"
  expect 1 as_root PATH="$T/anybody:$tools" "$script" --cron
  complained "users other than root can change $T/anybody, so root's crontab must not run $T/anybody/ntp_monitor"
  none "$tables/root"
  expect 0 as_root "$script" --cron
  crontab_is root <<<"*/5 * * * * '$program'"
}

# --- cron: removing ----------------------------------------------------------

@test "cron: uninstall removes our lines, whatever the path, and no others" {
  {
    printf 'A=1\n*/5 * * * * /usr/local/bin/ntp_monitor\n# b\n'
    printf '%s\n' "*/5 * * * * '/it'\\''s/my tree/ntp_monitor'"
    printf '*/5 * * * * /ntp_monitor\n\n@daily true\n'
  } | set_crontab alice
  expect 0 as_alice "$script" --uninstall
  said "nothing at $conf" \
    "removed from the crontab of alice: */5 * * * * /usr/local/bin/ntp_monitor" \
    "*/5 * * * * '/it'\\''s/my tree/ntp_monitor'" "*/5 * * * * /ntp_monitor"
  said_nothing_else
  printf 'A=1\n# b\n\n@daily true\n' | crontab_is alice
}

@test "cron: uninstall leaves and names lines the user changed" {
  {
    printf '*/10 * * * * /usr/bin/ntp_monitor\n# mine\n'
    printf '*/5 * * * * /usr/bin/ntp_monitor -q\n*/5 * * * * ntp_monitor\n'
    printf "#*/5 * * * * /usr/bin/ntp_monitor\n"
    printf "*/5 * * * * '/bin/true' && '/usr/bin/ntp_monitor'\n"
    printf '*/5 * * * * /bin/true;/usr/bin/ntp_monitor\n'
    printf '*/5 * * * * /bin/true /usr/bin/ntp_monitor\n'
  } >"$T/mine"
  set_crontab alice <"$T/mine"
  before=$(snapshot)
  expect 0 as_alice "$script" --uninstall
  said "nothing at $conf" "no line of ours in the crontab of alice" \
    "left in the crontab of alice: $(grep -v mine "$T/mine")"
  [ "$before" = "$(snapshot)" ]
}

# --- other systems -----------------------------------------------------------

# Installs twice and uninstalls, as a user and as root, with cron, under shell $1.
whole_round() {
  for who in alice root; do
    printf '# mine\n' | set_crontab "$who"
    expect 0 "as_$who" "$@" "$script" --cron
    said_nothing_else
    printf '# mine\n%s\n' "*/5 * * * * '$program'" | crontab_is "$who"
    expect 0 "as_$who" "$@" "$script" --cron
    said_only_left
    expect 0 "as_$who" "$@" "$script" --uninstall
    printf '# mine\n' | crontab_is "$who"
    none "$conf" "$root_conf" "$etc_conf"
    ln -s nowhere "$conf"
    expect 0 "as_$who" "$@" "$script"
    none "$home/nowhere"
    rm -f "$conf" "$root_conf" "$etc_conf"
  done
}

@test "systems: works under dash and bash" {
  for shell in dash bash; do
    ln -sf "$(type -P "$shell")" "$tools/sh"
    whole_round sh
  done
}

@test "systems: works with busybox alone, without getent" {
  busybox=$(lab_program "$LAB_ROOT/bin/busybox" "$LAB_ROOT/usr/bin/busybox")
  for tool in sh cat cmp cut find grep id readlink rm sed; do
    ln -sf "$busybox" "$tools/$tool"
  done
  rm "$tools/getent"
  link_tools env
  whole_round sh
  expect 0 as_alice env -u HOME sh "$script"
  said "installed $conf"
  expect 1 as_root SUDO_USER=ghost sh "$script"
  complained "no home known for user ghost"
}

@test "systems: understands busybox crontab's message when there is none yet" {
  stub crontab <<END
#!/bin/sh
case \$1 in
  -l) echo "crontab: can't open 'alice': No such file or directory" >&2
    exit 1 ;;
  -) cat >'$T/written' ;;
esac
END
  expect 0 as_alice "$script" --cron
  [ "$(cat "$T/written")" = "*/5 * * * * '$program'" ]
}
