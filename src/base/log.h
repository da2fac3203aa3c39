#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The log: one line an event, to syslog, a file or stderr, as key=value pairs
 * or JSON.  Values are quoted where needed and text from outside is escaped
 * here.  Only cmd, serve and deliver log.
 */
struct log_config {
	int         facility;      /* syslog(3)'s; -1: none */
	const char *file;          /* "-": stderr; NULL: none */
	bool        json;
};

void log_open(const struct log_config *c);
void log_close(void);

/* Start an event ("sent"), add its fields, send it off. */
struct log_event;
struct log_event *log_event(const char *name);
void log_text(struct log_event *e, const char *key, const char *value);   /* NULL: left out */
void log_number(struct log_event *e, const char *key, uint64_t value);
void log_send(struct log_event *e);                                        /* frees it */

#endif
