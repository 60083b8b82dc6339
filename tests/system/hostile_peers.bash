# hostile_peers.bash: for hostile.bash, a chronyd and an ntpd whose server has the name in a file.
# shellcheck shell=bash

# hostile_peers_program FILE: writes the program, which takes NAME-FILE.
hostile_peers_program() {
  cat >"$1" <<'PERL'
use strict; use warnings;
use Socket;
my ($file) = @ARGV;
$| = 1;

sub name { open(my $f, '<:raw', $file) or return ''; local $/; <$f> // '' }

sub listen_at {
  socket(my $s, PF_INET, SOCK_DGRAM, 0) or die;
  bind($s, sockaddr_in($_[0], inet_aton('127.0.0.1'))) or die "port $_[0]: $!";
  return $s;
}

# chrony's floating point: a signed exponent of 7 bits, a signed coefficient of 25 (util.c).
sub seconds {
  my ($value) = @_;
  my $exponent = 0;
  return pack 'N', 0 if !$value;
  $value *= 2, $exponent-- while $value < 2**23;
  $value /= 2, $exponent++ while $value >= 2**24;
  return pack 'N', (($exponent + 25) & 0x7f) << 25 | int($value + 0.5);
}

# One selected server with ten measurements, 1.207 ms apart (candm.h): kind and body of the reply to each command.
my $address = pack 'C4 x12 n x2', 127, 0, 0, 9, 1;
my %chronyd = (
  14 => sub { (2, pack 'N', 1) },
  15 => sub { (3, $address . pack('n6 N', 6, 2, 0, 0, 0, 255, 10) . seconds(0.001) . seconds(0.001) . seconds(0.001)) },
  33 => sub { (5, pack('N', 1) . $address . pack('n2 N3', 3, 0, 0, 0, 0) . join '', map seconds($_), (0.001) x 9) },
  34 => sub { (6, pack('N', 1) . $address . pack('N3', 10, 5, 600) . join '', map seconds($_), (0.001207) x 5) },
  65 => sub { (19, pack 'a256', name()) },
);

sub as_chronyd {
  my ($command, $number) = unpack 'x4 n x2 N', $_[0];
  my ($kind, $body) = ($chronyd{$command} // return)->();
  return pack('C2 x2 n3 x6 N x8', 6, 2, $command, $kind, 0, $number) . $body;
}

# The same in RFC 9327: the list has one association, which is the system peer.
sub as_ntpd {
  my ($first, $opcode, $number, $association) = unpack 'C2 n x2 n', $_[0];
  my $data = $opcode == 1 ? pack('n2', 1, 0x961a)
    : $association == 0 ? 'leap=0, stratum=3, refid=127.0.0.9, reftime=0xe0000000.00000000, clock=0xe000000a.00000000, '
      . 'rootdelay=1.0, rootdisp=1.0, offset=1.0, frequency=0.0, sys_jitter=1.207, clk_jitter=0.1, clk_wander=0.0, '
      . 'peer=1, tc=6'
    : 'srcadr=127.0.0.9, srchost="' . name() . '", stratum=2, refid=127.0.0.8, leap=0, hpoll=6, reach=0xff, flash=0x0, '
      . 'offset=1.0, delay=1.0, jitter=1.207, dispersion=1.0, rootdelay=1.0, rootdisp=1.0, rec=0xe0000000.00000000';
  my $bytes = length $data;
  $data .= "\0" while length($data) % 4;
  return pack('C2 n5', $first, 0x80 | $opcode, $number, 0, $association, 0, $bytes) . $data;
}

my @peers = ([listen_at(323), \&as_chronyd], [listen_at(123), \&as_ntpd]);
print "ready\n";
while (1) {
  my $ready = '';
  vec($ready, fileno $_->[0], 1) = 1 for @peers;
  select($ready, undef, undef, undef);
  for my $peer (grep vec($ready, fileno $_->[0], 1), @peers) {
    my $from = recv($peer->[0], my $asked, 1024, 0) // next;
    my $answer = $peer->[1]->($asked);
    send($peer->[0], $answer, 0, $from) if defined $answer;
  }
}
PERL
}
