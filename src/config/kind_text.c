#include "config/kind_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/hostport.h"
#include "config/machine.h"
#include "mail/address.h"
#include "net/tls.h"

/* Text */

static bool take_text(void *field, char *text)
{
	*(char **)field = text;
	return true;
}

static void text_show(const struct setting *s, const void *field, struct strv *values)
{
	const char *text = *(char *const *)field;

	(void)s;
	if (text != NULL)
		strv_add(values, text);
}

static void text_clear(void *field)
{
	free(*(char **)field);
	*(char **)field = NULL;
}

bool kind_check_text(const char *value, struct status *st)
{
	return !str_has_control(value, strlen(value)) || kind_refuse(st, value, "holds a control character");
}

static bool text_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return kind_check_text(value, st) && take_text(field, alloc_copy(value));
}

const struct kind kind_text = { text_parse, text_show, text_clear };

static bool secret_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	(void)st;
	return take_text(field, alloc_copy(value));
}

static void secret_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	if (*(char *const *)field != NULL)
		strv_add(values, "(set)");
}

static void secret_clear(void *field)
{
	alloc_wipe(*(char **)field);
	*(char **)field = NULL;
}

const struct kind kind_secret = { secret_parse, secret_show, secret_clear };

static bool expand_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)at;
	return kind_check_text(value, st) && take_text(field, machine_expand(value, s->words[0], getuid()));
}

const struct kind kind_expand = { expand_parse, text_show, text_clear };

static bool host_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	unsigned short port;
	char *host;
	bool ok;

	(void)s;
	(void)at;
	ok = hostport_parse(value, &host, &port) && port == 0 && !str_istarts(host, "srv:");
	if (ok)
		return take_text(field, host);
	free(host);
	return kind_refuse(st, value, "is no host name or address");
}

const struct kind kind_host = { host_parse, text_show, text_clear };

static bool ip_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	struct in6_addr any;

	(void)s;
	(void)at;
	if (inet_pton(AF_INET, value, &any) != 1 && inet_pton(AF_INET6, value, &any) != 1)
		return kind_refuse(st, value, "is no IPv4 or IPv6 address");
	return take_text(field, alloc_copy(value));
}

const struct kind kind_ip = { ip_parse, text_show, text_clear };

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 ? IN6_IS_ADDR_LOOPBACK(&six)
	                                            : str_iequal(host, "localhost");
}

static bool listen_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	unsigned short port;
	char *host;
	bool ok, here;

	(void)s;
	(void)at;
	ok = hostport_parse(value, &host, &port) && port != 0;
	here = ok && is_loopback(host);
	free(host);
	if (!ok)
		return kind_refuse(st, value, "is no ADDRESS:PORT");
	if (!here)
		return kind_refuse(st, value, "is not the loopback: 127.0.0.1:PORT or [::1]:PORT");
	return take_text(field, alloc_copy(value));
}

const struct kind kind_listen = { listen_parse, text_show, text_clear };

static bool priorities_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	if (!tls_check_priorities(value))
		return kind_refuse(st, value, "is no GnuTLS priority string, such as NORMAL:-VERS-TLS1.2");
	return take_text(field, alloc_copy(value));
}

const struct kind kind_priorities = { priorities_parse, text_show, text_clear };

/* File names */

static char *from_home(const char *rest, struct status *st)
{
	char *home = machine_home(), *path = NULL;

	if (home != NULL)
		path = alloc_printf("%s%s", strcmp(home, "/") == 0 && *rest == '/' ? "" : home, rest);
	else
		status_fail(st, EX_CONFIG, "~: this user has no home in the passwd file");
	free(home);
	return path;
}

/* Absolute, because we may be in another directory when it is opened. */
static char *beside(const char *file, const char *value)
{
	const char *slash = strrchr(file, '/');
	char *here = *file == '/' ? NULL : getcwd(NULL, 0), *path;

	path = alloc_printf("%s%s%.*s/%s", here != NULL ? here : "", here != NULL && slash != NULL ? "/" : "",
		slash != NULL ? (int)(slash - file) : 0, file, value);
	free(here);
	return path;
}

char *kind_resolve_path(const char *value, const struct origin *at, struct status *st)
{
	if (!kind_check_text(value, st))
		return NULL;
	if (*value == '/')
		return alloc_copy(value);
	if (*value == '~' && (value[1] == '/' || value[1] == '\0'))
		return from_home(value + 1, st);
	if (at->line > 0)
		return beside(at->file, value);
	kind_refuse(st, value, "must begin with / or ~/");
	return NULL;
}

static bool path_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	char *path = kind_resolve_path(value, at, st);

	(void)s;
	return path != NULL && take_text(field, path);
}

const struct kind kind_path = { path_parse, text_show, text_clear };

static bool device_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	bool uri = str_istarts(value, "pkcs11:") || str_istarts(value, "tpmkey:")
		|| str_istarts(value, "system:");

	return (uri ? text_parse : path_parse)(s, field, value, at, st);
}

const struct kind kind_device = { device_parse, text_show, text_clear };

static bool system_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return strcmp(value, "system") == 0 || path_parse(s, field, value, at, st);
}

static void system_show(const struct setting *s, const void *field, struct strv *values)
{
	const char *path = *(char *const *)field;

	(void)s;
	strv_add(values, path != NULL ? path : "system");
}

const struct kind kind_system = { system_parse, system_show, text_clear };

static bool log_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return (strcmp(value, "-") == 0 ? text_parse : path_parse)(s, field, value, at, st);
}

const struct kind kind_log = { log_parse, text_show, text_clear };

static bool credential_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return (*value == '/' || *value == '~' ? path_parse : text_parse)(s, field, value, at, st);
}

const struct kind kind_credential = { credential_parse, text_show, text_clear };

/* Addresses */

static bool explain_address(struct status *st, const char *value, const struct address *a)
{
	struct buf why;

	if (a->error == NULL)
		return kind_refuse(st, value, "is nobody's address");
	buf_init(&why, sizeof(st->text));
	address_explain(&why, a);
	status_fail(st, EX_CONFIG, "%s", why.data);
	buf_release(&why);
	return false;
}

char *kind_plain_address(const char *value, struct status *st)
{
	struct address a;
	char *plain = NULL;

	if (address_parse(&a, value) && !address_is_null(&a))
		plain = address_string(&a);
	else
		explain_address(st, value, &a);
	address_release(&a);
	return plain;
}

static bool address_kind_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	char *plain = kind_plain_address(value, st);

	(void)s;
	(void)at;
	return plain != NULL && take_text(field, plain);
}

const struct kind kind_address = { address_kind_parse, text_show, text_clear };

static bool sender_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	if (strcmp(value, "<>") == 0)
		return take_text(field, alloc_copy(""));
	return address_kind_parse(s, field, value, at, st);
}

static void sender_show(const struct setting *s, const void *field, struct strv *values)
{
	const char *sender = *(char *const *)field;

	(void)s;
	if (sender != NULL)
		strv_add(values, *sender != '\0' ? sender : "<>");
}

const struct kind kind_sender = { sender_parse, sender_show, text_clear };
