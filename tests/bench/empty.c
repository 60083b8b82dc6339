/* The benchmark's zero: a program with libsystemd loaded that does nothing. */
#include <systemd/sd-bus.h>

int main(int argc, char *argv[]) {
  (void)argv;
  /* A reference, never followed, so that the linker keeps the library. */
  return argc > 1000 ? sd_bus_default_system(NULL) : 0;
}
