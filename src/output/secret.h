/* A password or a token, out of a file that nobody else can read. */
#ifndef NTP_MONITOR_SECRET_H
#define NTP_MONITOR_SECRET_H

enum { SECRET_BYTES = 1024 };

struct ask;
struct why;

/*
 * Reads the secret from name: an absolute path, or a name without a slash that systemd has put into
 * $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=). It is the file's one line. 0 with
 * secret, which the caller clears with explicit_bzero once it was used; or a negative errno with
 * why, which says nothing of what the file holds.
 */
int secret_read(const char *name, const struct ask *ask, char secret[SECRET_BYTES],
                struct why *why);

#endif
