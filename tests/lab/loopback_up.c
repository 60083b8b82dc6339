/*
 * loopback_up: brings the loopback interface of this network namespace up.
 *
 * A new namespace has it down, and a minimal system has no ip(8) to change that.
 */
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
    perror("loopback_up");
    return 1;
  }
  request.ifr_flags |= IFF_UP;
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
    perror("loopback_up");
    return 1;
  }
  return 0;
}
