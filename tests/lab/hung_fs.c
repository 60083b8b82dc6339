/*
 * A FUSE file system that is mounted and answers nothing, as a network file system whose server is
 * gone: whoever looks a name up in it waits.
 *
 * usage: hung_fs FOLDER     says "ready" when it is mounted there; 2: this kernel or user may not
 *
 * Only the kernel's greeting (FUSE_INIT) is answered, and no request is ever taken. So a caller can
 * be killed, but runs no handler of a signal: NFS waits alike. Ending this process ends the
 * waiting.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int fail(const char *what) {
  (void)fprintf(stderr, "hung_fs: %s: %s\n", what, strerror(errno));
  return 2;
}

/* The greeting and its answer: whether it was that. */
static int greet(int fuse) {
  struct {
    struct fuse_in_header header;
    char rest[FUSE_MIN_READ_BUFFER];
  } asked;
  struct {
    struct fuse_out_header header;
    struct fuse_init_out init;
  } answer = {.init = {.major = FUSE_KERNEL_VERSION,
                       .minor = FUSE_KERNEL_MINOR_VERSION,
                       .max_write = 4096}};
  if (read(fuse, &asked, sizeof asked) < 0 || asked.header.opcode != FUSE_INIT) {
    return 0;
  }
  answer.header = (struct fuse_out_header){.len = sizeof answer, .unique = asked.header.unique};
  return write(fuse, &answer, sizeof answer) == sizeof answer;
}

int main(int argc, char **argv) {
  char options[96];
  int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (argc != 2 || fuse < 0) {
    return fail("/dev/fuse");
  }
  (void)snprintf(options, sizeof options, "fd=%d,rootmode=40755,user_id=%u,group_id=%u", fuse,
                 (unsigned)getuid(), (unsigned)getgid());
  if (mount("hung", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
    return fail("mount");
  }
  if (!greet(fuse)) {
    return fail("FUSE_INIT");
  }
  (void)puts("ready");
  (void)fflush(stdout);
  for (;;) {
    (void)pause();
  }
}
