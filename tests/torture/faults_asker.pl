# faults_asker.pl: a client of ntp_monitor --inetd, well-behaved or not.
#
# Starts the program with a TCP connection as its stdin and stdout, as inetd does, and is its peer. Writes what it
# receives to FILE when the connection has ended.
#
# usage: perl faults_asker.pl HOW FILE PROGRAM ARGUMENT...
use strict; use warnings;
use Socket qw(:all);
use Time::HiRes 'sleep';
my ($how, $file, @program) = @ARGV;
my $head = "GET /metrics HTTP/1.1\r\nHost: a\r\n";
my $request = "$head\r\n";
my $field = 'X: ' . 'y' x 1019 . "\r\n"; # 1 KiB

sub to { my $c = shift; defined syswrite($c, $_, length) or return for @_; return 1 }
sub slowly { my ($c, $text, $every) = @_; for (split //, $text) { to($c, $_) or return; sleep $every } }
my %asker = (
  well    => sub { to($_[0], $request) },
  silent  => sub { },
  slowly  => sub { slowly($_[0], $request x 9, 0.1) }, # a byte at a time
  half    => sub { to($_[0], substr $request, 0, 20); shutdown $_[0], 1 },
  leaves  => sub { to($_[0], $request); 'gone' }, # without waiting for the answer
  resets  => sub { to($_[0], $request); setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack 'i2', 1, 0; 'gone' },
  early   => sub { setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack 'i2', 1, 0; 'gone' }, # sends nothing
  deaf    => sub { setsockopt $_[0], SOL_SOCKET, SO_RCVBUF, 1024; to($_[0], $request); sleep 0.8; 'gone' },
  huge    => sub { to($_[0], $head, ($field) x 1024, "\r\n") },
  endless => sub { to($_[0], $head); 1 while to($_[0], $field) },
);

my ($listener, $ours, $theirs);
socket($listener, PF_INET, SOCK_STREAM, 0) && bind($listener, sockaddr_in(0, INADDR_LOOPBACK)) &&
  listen($listener, 1) or die "no port: $!";
socket($ours, PF_INET, SOCK_STREAM, 0) && connect($ours, getsockname $listener) &&
  accept($theirs, $listener) or die "no connection: $!";
close $listener;
if (fork // die) {
  close $ours;
  open(STDIN, '<&', $theirs) && open(STDOUT, '>&', $theirs) or die;
  close $theirs;
  exec @program or die;
}
close $theirs;
$SIG{PIPE} = 'IGNORE';
my $answer = '';
if (($asker{$how}->($ours) // '') ne 'gone') {
  1 while sysread $ours, $answer, 65536, length $answer;
}
close $ours;
open(my $out, '>', "$file.new") or die;
print $out $answer;
close $out;
rename "$file.new", $file;
