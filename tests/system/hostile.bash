# hostile.bash: the product of hostile.bats: every hostile text through every way in, to every way out.
#
# A separate program, since it makes thousands of runs: `run` makes them all, `judge` then reads each receiver's store
# once and leaves a file per row of hostile.bats with what is wrong there. It does not know how ntp_monitor escapes; its
# expectations come from Unicode's own tables.
# shellcheck shell=bash

# hostile_program FILE: writes the program; its second part is in hostile_judge.bash.
hostile_program() {
  { hostile_run && hostile_judge; } >"$1"
}

hostile_run() {
  cat <<'PERL'
use strict; use warnings;
use JSON::PP; use POSIX qw(strftime setlocale LC_ALL); use Storable qw(store retrieve);
setlocale(LC_ALL, 'C');
my ($phase, $D, $program, $fake) = @ARGV;

# --- the texts -----------------------------------------------------------------------------------------

my @texts = (
  ['plain', "시간.example.org"], ['newline', "a\r\nINFO NTP healthy, forged"],
  ['RFC 3164', "a\n<0>Jan  1 00:00:00 kernel: forged"],
  ['RFC 5424', "a\n<8>1 2026-01-01T00:00:00Z h forged 1 - - b"],
  ['journal fields', "a\nPRIORITY=0\nMESSAGE=forged\n_PID=1\n\nb"],
  ['journal binary field', "a\nMESSAGE\n\3\0\0\0\0\0\0\0xyz\n"], ['NUL and a frame', "a\0<0>forged"],
  ['other line ends', "a\rOK  NTP healthy\x0bb\x0cc\x1cd\x1ee\tf"],
  ['C0 and DEL', join('', 'a', map(chr, 1 .. 8, 14 .. 26, 28 .. 31, 127), 'b')],
  ['CSI and DCS', "\e[2J\e[1A\e[31m\e[?1049h\e[c\e[6n\eP\$qm\e\\\e_x\e\\\e%\@"],
  ['OSC', "\e]8;;http://evil/\e\\x\e]52;c;ZXZpbA==\a\e]0;forged\a"],
  ['C1 raw', "\x9b2J\x9d0;x\x9c\x90q\x84\x85\x80\xbf\xa0"],
  ['C1 in UTF-8', "\xc2\x9b2J\xc2\x9d0;x\xc2\x9c\xc2\x90q\xc2\x85"], ['formats', '%n%s%d%1$n%999999d%%%'],
  ['overlong', "\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf\xc1\xbf\xc0\x8a\xe0\x80\x8a\xc0\x80"],
  ['surrogates', "\xed\xa0\x80\xed\xbf\xbf\xed\xb0\x80"],
  ['beyond Unicode', "\xf4\x90\x80\x80\xf5\x80\x80\x80\xf8\x88\x80\x80\x80\xfe\xff"],
  ['cut', "\xf0\x9f\x98\"\xc3]\xe2'\xe2\x82"],
  ['noncharacters', "\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90\xef\xb7\xaf\xf0\x9f\xbf\xbe\xf4\x8f\xbf\xbf"],
  ['bidi and separators',
    join '', map("\xe2\x80" . chr, 0x8e, 0x8f, 0xa8 .. 0xae), map("\xe2\x81" . chr, 0xa6 .. 0xa9)],
  ['zero width and tags', "\xe2\x80\x8b\xe2\x80\x8d\xe2\x81\xa0\xef\xbb\xbf\xd8\x9c\xf3\xa0\x80\x81\xf3\xa0\x81\xbf"],
  ['quotes and backslashes', q("'`"'`\\x0a\\n\\" \\] \\\\)], ['structured data', q(x" a="b"][forged@1 c="d"] [e])],
  ['JSON', '","verdict":"ok","x":"\\u000a}{'], ['performance data', q(|jitter=9s;;;0 'b'=1;2;3|c=4)],
  ['HTML and shell', '<0><script>alert(1)</script>&amp;$(reboot)`x`'], ['key', '  [logging]=a:b#c;d ; e  '],
  ['4 KiB', 'A' x 4096], ['4 KiB of letters', "가" x 1365],
  ['4 KiB of four bytes', 'a' . "\xf0\x9f\x98\x80" x 1023], ['4 KiB of escapes', "\e" x 4096],
  ['4 KiB of cut letters', "\xe2\x82" x 2048], ['4 KiB of quotes', q("]\\) x 1365],
);

# --- what is expected of them ------------------------------------------------------------------------

# Well-formed UTF-8: table 3-7 of the Unicode standard.
my $letter = qr/[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}
  |\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}
  |\xf4[\x80-\x8f][\x80-\xbf]{2}/x;
my $acts = qr/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]
  |[\x{200b}-\x{200d}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}]/x;

sub decoded { my ($bytes) = @_; utf8::decode($bytes); $bytes }
sub number { join '', map { sprintf '\\x%02x', ord } split //, $_[0] }

# Each character as it must be shown.
sub letters {
  my ($bytes, @shown) = @_;
  while ($bytes =~ /\G(?:($letter)|(.))/gs) {
    my ($whole, $byte) = ($1, $2);
    push @shown, defined $whole && decoded($whole) !~ $acts ? $whole : number($whole // $byte);
  }
  return @shown;
}

# Says why bytes must not appear in a log or on a terminal, or ''.
sub harm {
  my ($bytes) = @_;
  return 'not UTF-8' if $bytes !~ /\A(?:$letter)*\z/;
  return decoded($bytes) =~ /($acts)/ ? sprintf('U+%04X', ord $1) : '';
}

sub trimmed { my ($text) = @_; $text =~ s/\A[ \t\r\n\x0b\x0c]+|[ \t\r\n\x0b\x0c]+\z//g; $text }

# --- the ways in --------------------------------------------------------------------------------------

my ($form, $fake_pid) = ('auto', 0);
sub file { open(my $f, '>:raw', "$D/$_[0]") or die "$D/$_[0]: $!"; print $f $_[1]; close $f; "$D/$_[0]" }
sub conf { file('conf', "[logging]\nsyslog_format = $form\n" . ($_[0] // '')) }
# A reading from just now; an older one would get a remark.
sub reading {
  my ($text) = @_;
  my $now = 'DestinationTimestamp=' . strftime('%a %F %T UTC', gmtime) . "\n";
  return ('-s', 'text:' . file('reading', $now . ($text // "ServerName=ntp.example.org\nJitter=1.207ms\n")));
}
sub plain { args => ['-C', conf(), reading()] }

# Restarts the service on the bus, which may still hold its former name.
sub answer {
  if ($fake_pid) { kill KILL => $fake_pid; waitpid $fake_pid, 0; }
  for (1 .. 50) {
    $fake_pid = open(my $out, '-|') // die;
    if (!$fake_pid) { open STDERR, '>', '/dev/null'; exec $fake, @_; }
    our $ready = $out; # kept open
    return args => ['-C', conf(), '-s', 'timesyncd'] if (readline($out) // '') eq "ready\n";
    waitpid $fake_pid, 0;
  }
  die "no fake_timesync1 with @_";
}

sub configured { $_[0] =~ s/%%/%/gr } # as Python's configparser reads it

my $any = qr/\A[^\0]+\z/;
my $line = qr/\A[^\0\n]*[^\0\s][^\0\n]*\z/;
my $short = qr/\A[^\0\n]{0,120}[^\0\s][^\0\n]{0,40}\z/;
my $bus = qr/\A(?!.*\0|.*\xef\xbf\xbe)(?:$letter){1,256}\z/s; # sd-bus sends no noncharacters
my $machine = qr{\A(?!-)[^\0-\x20\x7f\@:/]{1,255}\z};
my $host = qr/\A(?!-)[^\0-\x20\x7f]{1,255}\z/;
my $healthy = 'INFO NTP healthy, jitter: 1.207ms (threshold: 2s), server: ntp.example.org, source: text';
my @environment = qw(TZ LANG LC_ALL LC_MESSAGES LANGUAGE LOCPATH TERM NO_COLOR COLUMNS USER LOGNAME SHELL
  TMPDIR XDG_RUNTIME_DIR SYSTEMD_LOG_LEVEL SYSTEMD_COLORS NOTIFY_SOCKET JOURNAL_STREAM INVOCATION_ID MALLOC_CHECK_
  RES_OPTIONS HOSTALIASES LOCALDOMAIN DBUS_SESSION_BUS_ADDRESS DBUS_STARTER_BUS_TYPE POSIXLY_CORRECT);

# can: whether the text fits this way; put: how to run the program then; after: how to undo it.
# shown: how the text appears; between: what surrounds it in the one line that shows it; unless: texts that mean
# something to the format. lines: how many lines the run logs.
# chain: -l is taken, so lines go to /dev/log and the next steps. usage: a usage error.
# config: the settings show the text as well. not: a way out that does not apply.
my @ways = (
  {way => 'name in a file', can => $line, shown => \&trimmed, lines => 1,
    between => ['INFO NTP healthy, jitter: 1.207ms (threshold: 2s), server: ', ', source: text'],
    put => sub { args => ['-C', conf(), reading("ServerName=$_[0]\nJitter=1.207ms\n")] }},
  {way => 'value in a file', can => $line, shown => \&trimmed, lines => 1,
    between => ["$D/reading: Jitter='", "'"],
    put => sub { args => ['-C', conf(), reading("Jitter=$_[0]\n")] }},
  {way => 'path of a file', can => $any, lines => 1, config => 1,
    between => [' /nothing/', ': No such file'],
    put => sub { args => ['-C', conf(), '-s', "text:/nothing/$_[0]"] }},
  {way => 'value in the configuration', can => $short, shown => sub { trimmed(configured($_[0])) }, unless => qr/;/, lines => 2, config => 1,
    between => ["ERROR $D/conf:4: jitter_threshold: '", "'"],
    put => sub { args => ['-C', conf("[monitoring]\njitter_threshold = $_[0]\n"), reading()] }},
  {way => 'key', can => $short, shown => \&trimmed, unless => qr/[\]\[=:;#]/, lines => 2, config => 1,
    between => ["ERROR $D/conf:4: ", ': '],
    put => sub { args => ['-C', conf("[monitoring]\n$_[0] = 1\n"), reading()] }},
  {way => 'section', can => $short, shown => sub { $_[0] =~ s/\].*//sr }, lines => 2, config => 1,
    between => ["ERROR $D/conf:3: [", ']: '],
    put => sub { args => ['-C', conf("[$_[0]]\n"), reading()] }},
  {way => 'line of the configuration', can => $any, config => 1,
    put => sub { args => ['-C', conf("[monitoring]\n$_[0]\n"), reading()] }},
  {way => 'path of the configuration', can => qr{\A[^\0/]{1,250}\z}, lines => 2, config => 1,
    between => ["ERROR $D/in/", ':4: colour: '],
    put => sub {
      link conf("[monitoring]\ncolour = red\n"), "$D/in/$_[0]" or die "$_[0]: $!";
      return args => ['-C', "$D/in/$_[0]", reading()];
    },
    after => sub { unlink "$D/in/$_[0]" }},
  {way => 'path of no configuration', can => $any, lines => 2, config => 1, not => 'RFC 3164 over UDP',
    between => ['ERROR /nothing/', ': '],
    put => sub { args => ['-C', "/nothing/$_[0]", reading()] }},
  {way => 'HOME', can => qr/\A[^\0]{1,400}\z/, config => 1,
    between => ['config: /nothing/', '/.ntp_monitor.conf: '],
    put => sub {
      conf("[monitoring]\ndebug_mode = true\n"); # the target of the link /etc/ntp_monitor.conf
      return env => {HOME => "/nothing/$_[0]"}, args => [reading()];
    }},
  {way => 'address of the bus', can => $any, lines => 1,
    between => [" '", "'"],
    put => sub { env => {DBUS_SYSTEM_BUS_ADDRESS => $_[0]}, args => ['-C', conf(), '-s', 'timesyncd'] }},
  {way => 'container', can => $machine, lines => 1,
    between => ['system bus of the container ', ': '],
    put => sub { args => ['-C', conf(), '-s', 'timesyncd', '-M', $_[0]] }},
  {way => 'far host', can => $host, lines => 1,
    between => ['system bus of ', ' over ssh: '],
    put => sub { file('said', ''); return args => ['-C', conf(), '-s', 'timesyncd', '-H', $_[0]] }},
  {way => 'words of ssh', can => qr/./s, unless => qr/.{512}/s, lines => 1, between => [q( '), q(';)],
    shown => sub { $_[0] =~ s/[\r\n\0]+\z//r =~ s/\0.*//sr =~ s/\r//gr =~ s/\n/; /gr },
    put => sub { file('said', $_[0]); return args => ['-C', conf(), '-s', 'timesyncd', '-H', 'far'] }},
  {way => 'name on the bus', can => $bus, lines => 1,
    between => ['INFO NTP healthy, jitter: 1.207ms (threshold: 2s), offset at the last reply: +500us, server: ', ', source: timesyncd'],
    put => sub { answer('name=0x' . unpack('H*', $_[0])) }},
  {way => 'error on the bus', can => $bus, lines => 1,
    between => ['org.example.Broken: ', ''],
    put => sub { answer('error', 'error_message=0x' . unpack('H*', $_[0])) }},
  {way => 'denial on the bus', can => $bus, lines => 1,
    between => ['(', ');'],
    put => sub {
      answer('error', 'error_name=org.freedesktop.DBus.Error.AccessDenied',
        'error_message=0x' . unpack('H*', $_[0]));
    }},
  map({
    my ($source, $can) = @$_;
    +{way => "name of $source\'s server", can => $can, lines => 1,
      between => ['INFO NTP healthy, jitter: 1.207ms (threshold: 2s), offset: +1ms, server: ', ", source: $source"],
      put => sub { file('name', $_[0]); return args => ['-C', conf(), '-s', $source] }};
  } ['chrony', qr/\A[^\0]{1,255}\z/s], ['ntpd', qr/\A[^\0\r\n"]{1,150}\z/]),
  {way => 'socket of chronyd', can => qr/\A[^\0\s;#]{1,80}\z/, shown => \&configured, lines => 1, config => 1,
    between => [': /nothing/x', ': No such file'],
    put => sub { args => ['-C', conf("[chrony]\nport = 9\nsocket = /nothing/x$_[0]\n"), '-s', 'chrony'] }},
  {way => 'socket of ptp4l', can => qr/\A[^\0\s;#]{1,80}\z/, shown => \&configured, lines => 1, config => 1,
    between => [': /nothing/x', ';'],
    put => sub { args => ['-C', conf("[ptp]\nsockets = /nothing/x$_[0]\n"), '-s', 'ptp'] }},
  {way => 'NTP server', can => qr/\A(?=.*[^-.:\[\]a-zA-Z0-9_, \t\x80-\xff])[^\0, \t]{1,250}\z/s, lines => 1, config => 1,
    between => [q( '), q(' )],
    put => sub { args => ['-C', conf(), '-s', "sntp:$_[0]"] }},
  {way => 'host name', can => qr/\A[^\0]{1,64}\z/, lines => 1, between => [$healthy, ''], shown => sub { '' },
    put => sub { system('busybox', 'hostname', $_[0]) == 0 or die; plain() },
    after => sub { system('busybox', 'hostname', 'lab') }},
  {way => 'argv[0]', can => $any, lines => 1, between => [$healthy, ''], shown => sub { '' },
    put => sub { argv0 => $_[0], plain() }},
  {way => 'environment', can => $any, lines => 1, between => [$healthy, ''], shown => sub { '' },
    put => sub { my ($text) = @_; return env => {map { $_ => $text } @environment}, plain() }},
  {way => 'socket', can => qr/\A[^\0]{1,90}\z/, chain => 1, config => 1,
    between => ['log: local socket /nothing/', ' '],
    put => sub { args => ['-C', conf(), reading(), '-d', '-l', "/nothing/$_[0]"] }},
  map({
    my ($way, $before, $after, $can, @option) = @$_;
    +{way => $way, can => $can, chain => 1, usage => 1, lines => 1, between => [$before, $after],
      put => sub { args => @option ? [@option, $_[0]] : ["--no $_[0]"] }};
  } ['-l', q(--log: '), q('), $any, '-l'], ['-s', q(--source: '), q('), $any, '-s'],
    ['-w', q(--warning: '), q('), $any, '-w'], ['-o', q('), q('), $any, '-o'],
    ['-M', q(--machine: '), q('), qr/\A(?!$machine)[^\0]+\z/, '-M'],
    ['-H', q(--host: '), q('), qr/\A(?!$host)[^\0]+\z/, '-H'],
    ['operand', q('), q('), $any, '--'], ['option', ' --no ', ';', $any]),
);

# --- the ways out --------------------------------------------------------------------------------------

# socket: what /dev/log is where -l cannot be given. format: that of the report each run prints as well.
# form: the syslog_format it needs. mode: it ends without a check.
my @outs = (
  {out => 'stderr', args => ['-l', 'stderr'], format => 'json'},
  {out => 'rsyslogd', socket => "$D/rsyslog.socket", format => 'text'},
  {out => 'busybox', socket => '/dev/log.busybox', format => 'nagios'},
  {out => 'stream', socket => "$D/stream.socket", format => 'json'},
  {out => 'journal', args => ['-l', 'journal'], format => 'nagios'},
  {out => 'journald', socket => '/run/systemd/journal/dev-log', format => 'text'},
  {out => 'RFC 5424 over UDP', args => ['-l', '127.0.0.1'], udp => 1, format => 'json'},
  {out => 'RFC 3164 over UDP', args => ['-l', '127.0.0.1'], udp => 1, form => 'rfc3164', format => 'text'},
  {out => 'terminal', args => ['-l', 'none', '-d']},
  {out => 'check-config', args => ['--check-config'], mode => 1},
  {out => 'print-config', args => ['--print-config'], mode => 1},
);

my $wanted_outs = $ENV{HOSTILE_OUTS} // '.';
my (@cases, @runs); # a run: {pid, case, out, status, out_text, err_text}

sub goes {
  my ($way, $out) = @_;
  return 0 if $out->{out} !~ /$wanted_outs/ || $out->{out} eq ($way->{not} // '');
  return $way->{config} if $out->{mode};
  return 1 if !$way->{chain};
  return $out->{out} ne 'journal' && ($way->{usage} ? !$out->{form} : $out->{out} ne 'stderr');
}

sub start {
  my ($case, $out, %how) = @_;
  my $chain = $case->{way}{chain};
  my @args = @{$how{args}};
  push @args, $chain && !$out->{mode} ? () : $out->{args} ? @{$out->{args}} : ('-l', $out->{socket});
  push @args, '-o', $out->{format} if $out->{format} && !$case->{way}{usage};
  my $run = {case => $case->{id}, out => $out->{out}, file => "$D/run." . @runs};
  defined($run->{pid} = fork) or die;
  if (!$run->{pid}) {
    open STDIN, '<', '/dev/null';
    if ($out->{out} ne 'terminal') {
      open STDOUT, '>', "$run->{file}.out";
      open STDERR, '>', $case->{way}{usage} && $out->{out} ne 'stderr' ? '/dev/full' : "$run->{file}.err";
    }
    %ENV = (%ENV, %{$how{env} // {}});
    exec {$program} $how{argv0} // $program, @args;
    kill KILL => $$; # a surviving child would start all the following runs again
  }
  push @runs, $run;
  return $run;
}

sub finish {
  my ($run) = @_;
  waitpid $run->{pid}, 0;
  $run->{status} = $?;
  for my $kind (qw(out err)) {
    open(my $f, '<:raw', "$run->{file}.$kind") or next;
    local $/;
    $run->{"${kind}_text"} = <$f> // '';
    unlink "$run->{file}.$kind";
  }
}

sub run_all {
  delete @ENV{qw(NO_COLOR TERM)};
  @ENV{qw(TERM PATH)} = ('xterm', "$D/bin:$ENV{PATH}");
  $| = 1;
  for my $way (@ways) {
    for my $text (@texts) {
      next if $text->[1] !~ $way->{can};
      my $case = {id => scalar @cases, way => $way, text => $text};
      push @cases, $case;
      print "\n\@\@ $case->{id} \@\@\n";
      for my $pass ('auto', 'rfc3164') {
        my @now = grep { goes($way, $_) && ($_->{form} // 'auto') eq $pass } @outs;
        next if !@now;
        $form = $pass;
        my %how = $way->{put}->($text->[1]);
        my @started;
        for my $out (@now) {
          if ($way->{chain}) { unlink '/dev/log'; symlink $out->{socket}, '/dev/log' if $out->{socket}; }
          push @started, start($case, $out, %how);
          finish(pop @started) if $way->{chain};
        }
        finish($_) for @started;
        $way->{after}->($text->[1]) if $way->{after};
      }
    }
  }
  kill KILL => $fake_pid;
  print "\n\@\@ end \@\@\n";
  $_->{way} = $_->{way}{way} for @cases;
  store {cases => \@cases, runs => \@runs}, "$D/product";
}
PERL
}
