#ifndef CMD_PROCESS_H
#define CMD_PROCESS_H

/*
 * The process as callers start it: with descriptors missing or left open,
 * signals blocked, ignored or handled, a strange umask, an empty environment.
 */

/*
 * Put it into a known state, before anything else: 0 to 2 are open (a missing
 * 0 so that reading it fails, 1 and 2 on /dev/null), all above are closed;
 * umask 077; no signal blocked, all at their defaults but SIGPIPE and SIGXFSZ,
 * which are ignored; no core dump, which could hold a password; a PATH, for
 * the commands of the configuration.
 * Of those above so many stay open as were handed over on purpose (serve/listen.h).
 */
void process_start(int handed_over);

/*
 * Until the end of standard input SIGHUP, SIGINT and SIGTERM discard the
 * message: one line on stderr, exit with EX_TEMPFAIL.  `program` starts the
 * line and must stay.
 */
void process_discard_on_signal(const char *program);

/*
 * The end of input is the caller's word to send.  From here SIGHUP and SIGTERM
 * are ignored: every wait has a deadline, and the exit code must tell what the
 * server said.  SIGINT still ends the process with EX_TEMPFAIL, because a
 * person at a terminal wants it back; its line says that the message may have
 * been sent.
 */
void process_commit(void);

/*
 * Read to the end and forget it, so that a caller who writes first and looks
 * afterwards sees our refusal and not EPIPE.  Not from a terminal.
 */
void process_drain(int fd);

/* `code`, or EX_IOERR if all went well but standard output could not be written: it may be a full disk. */
int process_end(int code);

#endif
