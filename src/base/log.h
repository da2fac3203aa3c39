#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * The log: one line an event, to syslog (ident "mailchute", with the pid), a
 * file or stderr, as key=value pairs or JSON.  Text from outside is made safe
 * here.  Only cmd, serve and deliver log.
 *
 * There is one log a process, as with syslog(3).  Until it is open, and where
 * it cannot be written, events are lost without a word: mail goes first.
 */
struct log_config {
	int         facility;      /* syslog(3)'s; -1: none */
	const char *file;          /* "-": stderr; NULL: none */
	bool        json;
};

/*
 * Open it, anew if it was open (after the file was renamed).  Without /dev/log
 * there is no syslog.  A new file gets mode 0600.  False, with errno, if the
 * file cannot be opened; syslog works all the same.
 */
bool log_open(const struct log_config *c);
void log_close(void);
bool log_has_syslog(void);         /* whether this system has one */

/* Start an event ("sent"), add its fields, send it off. */
struct log_event;
struct log_event *log_event(const char *name);
void log_text(struct log_event *e, const char *key, const char *value);   /* NULL: left out */
void log_number(struct log_event *e, const char *key, uint64_t value);
void log_send(struct log_event *e);                                        /* frees it */
void log_free(struct log_event *e);

/*
 * What log_send makes of an event, without the line's end:
 *     sent id=1K0Z size=120 reply="250 2.0.0 ok"
 *     {"time":"...","event":"sent","id":"1K0Z","size":120,"reply":"250 2.0.0 ok"}
 * Values of over LOG_VALUE_MAX octets are cut.  A value that is empty or has a
 * blank, quote, backslash, "=" or anything outside ASCII is quoted, escaped as
 * str_escape() does and \" for a quote.  In JSON what is no UTF-8 is U+FFFD.
 */
enum { LOG_VALUE_MAX = 1000 };
void log_format_text(struct buf *out, const struct log_event *e);
void log_format_json(struct buf *out, const struct log_event *e, const char *time);

#endif
