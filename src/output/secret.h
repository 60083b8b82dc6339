/* Reads a password or a token from a file that nobody else can read. */
#ifndef NTP_MONITOR_SECRET_H
#define NTP_MONITOR_SECRET_H

enum { SECRET_BYTES = 1024 };

struct ask;
struct why;

/*
 * Reads the secret from the file called name: an absolute path, or a credential that systemd has
 * put into $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=), a name without a slash. The
 * secret is the file's only line. Returns 0 with secret, which the caller clears with
 * explicit_bzero(3) after use; or a negative errno with why, which quotes nothing of the file.
 */
int secret_read(const char *name, const struct ask *ask, char secret[SECRET_BYTES],
                struct why *why);

#endif
